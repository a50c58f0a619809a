// Talking to the daemon: JSON requests, the answer stream, uploads with progress, and errors in plain words.

import { t } from './i18n.js';

const KEY = 'hearth.key';

let askForKey = () => Promise.reject(new Error('no key'));
let key = storedKey();

/** The tab's storage may be switched off: the key then lasts until the page is left. */
function storedKey() {
    try {
        return sessionStorage.getItem(KEY) ?? '';
    } catch {
        return '';
    }
}

function keepKey(chosen) {
    key = chosen;
    try {
        sessionStorage.setItem(KEY, chosen);
    } catch { /* see storedKey */ }
}

/** `callback(refused)` resolves to a key; `refused` says that the last one was wrong. */
export function onKeyNeeded(callback) {
    askForKey = callback;
}

/** A failure a person can read. `retry` says whether trying again makes sense. */
export class ApiError extends Error {
    constructor(message, status = 0, retry = true) {
        super(message);
        this.status = status;
        this.retry = retry;
    }
}

const authorization = () => (key ? { Authorization: `Bearer ${key}` } : {});

async function failureOf(response) {
    let message = '';
    try {
        message = (await response.json()).error?.message ?? '';
    } catch { /* not ours: the status has to do */ }
    if (response.status === 429) message = `${t('hearth is busy with other questions.')} ${message}`;
    return new ApiError(message || t('hearth answered with status {status}.', { status: response.status }), response.status,
        response.status === 408 || response.status === 429 || response.status >= 500);
}

async function request(path, options = {}) {
    let response;
    const used = key;
    try {
        response = await fetch(path, { ...options, headers: { ...options.headers, ...authorization() } });
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new ApiError(t('hearth does not answer. Is the service running?'));
    }
    if (response.status === 401) {
        if (used === key) keepKey(await askForKey(used !== ''));
        return request(path, options);
    }
    if (!response.ok) throw await failureOf(response);
    return response;
}

const json = async (path, options) => (await request(path, options)).json();

export const status = () => json('/v1/status');
export const documents = async () => (await json('/v1/documents')).documents;
export const removeDocument = (id) => json(`/v1/documents/${encodeURIComponent(id)}`, { method: 'DELETE' });
export const models = async () => (await json('/v1/models')).data;
export const verify = () => json('/v1/verify');
export const rescan = () => json('/v1/ingest/rescan', { method: 'POST' });
export const confirmDeletes = () => json('/v1/ingest/confirm-deletes', { method: 'POST' });

export const receipt = (id) => json(`/v1/answers/${encodeURIComponent(id)}/receipt`);
export const replay = (id) => json(`/v1/answers/${encodeURIComponent(id)}/replay`, { method: 'POST' });

export function passage(id, start, end, context) {
    const query = new URLSearchParams({ start, end, context });
    return json(`/v1/documents/${encodeURIComponent(id)}/passage?${query}`);
}

/** Yields the objects of an event stream until [DONE]. */
async function* events(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
        const { value, done } = await reader.read();
        if (done) throw new ApiError(t('The answer broke off: the connection was lost.'));
        rest += value;
        const blocks = rest.split('\n\n');
        rest = blocks.pop();
        for (const block of blocks) {
            if (!block.startsWith('data: ')) continue;
            const data = block.slice(6);
            if (data === '[DONE]') return;
            yield JSON.parse(data);
        }
    }
}

/** Streams one answer. `on` has id(answer), text(delta), event(hearth object), usage(object) and finish(reason). */
export async function chat(body, signal, on) {
    const response = await request('/v1/chat/completions', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
        signal,
    });
    for await (const chunk of events(response.body)) {
        if (chunk.error) throw new ApiError(chunk.error.message);
        on.id(chunk.id);
        if (chunk.usage) on.usage(chunk.usage);
        if (chunk.hearth) on.event(chunk.hearth);
        const choice = chunk.choices[0];
        if (choice?.delta.content) on.text(choice.delta.content);
        if (choice?.finish_reason) on.finish(choice.finish_reason);
    }
}

/** Uploads one file; `progress` gets 0..1. */
export async function upload(file, progress) {
    const used = key;
    try {
        return await send(file, progress);
    } catch (error) {
        if (error.status !== 401) throw error;
        if (used === key) keepKey(await askForKey(used !== ''));
        return upload(file, progress);
    }
}

/** XMLHttpRequest because fetch cannot report what was sent. */
function send(file, progress) {
    return new Promise((resolve, reject) => {
        const call = new XMLHttpRequest();
        call.open('POST', `/v1/documents?name=${encodeURIComponent(file.name)}`);
        call.setRequestHeader('Content-Type', 'application/octet-stream');
        for (const [name, value] of Object.entries(authorization())) call.setRequestHeader(name, value);
        call.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
        call.onerror = () => reject(new ApiError(t('The upload broke off. Is the service running?')));
        call.onload = () => {
            let reply = {};
            try {
                reply = JSON.parse(call.responseText);
            } catch { /* reported by its status below */ }
            if (call.status === 201) resolve(reply.files[0]);
            else reject(new ApiError(reply.error?.message ?? t('The upload failed with status {status}.', { status: call.status }), call.status));
        };
        call.send(file);
    });
}
