// The status line: what is loaded, how much is indexed, and what the service is busy with.

import * as api from './api.js';
import { announce, byId, h } from './dom.js';
import { listed, number, plural, t } from './i18n.js';

const POLL_MS = 2000;

let latest = null;
let lastMark = '';
let onStatus = () => {};
let onContent = () => {};

export const isReady = () => latest?.ready === true;

/** `status` is called with every poll, `content` when the record has changed. */
export function watch(status, content) {
    onStatus = status;
    onContent = content;
    poll();
    document.addEventListener('visibilitychange', () => document.hidden || poll());
}

let timer = 0;

async function poll() {
    clearTimeout(timer);
    try {
        latest = await api.status();
    } catch (error) {
        latest = { ready: false, reason: error.message, unreachable: true };
    }
    render();
    onStatus(latest);
    const mark = JSON.stringify([latest.ready, latest.counts, latest.pipeline?.current_path, latest.pipeline?.queued]);
    if (mark !== lastMark && latest.counts) onContent();
    lastMark = mark;
    if (!document.hidden) timer = setTimeout(poll, POLL_MS);
}

function parts(status) {
    if (status.unreachable) return [status.reason];
    if (!status.ready) return [t('Starting: {reason}', { reason: status.reason })];
    const speed = status.generation.last_tokens_per_second;
    return [
        status.engine?.model,
        speed > 0 ? t('{n} tokens/s', { n: number(Math.round(speed)) }) : '',
        status.counts ? t('{passages} in {files}', {
            passages: plural(status.counts.chunks, '{n} passage', '{n} passages'),
            files: plural(status.counts.documents_indexed, '{n} file', '{n} files'),
        }) : '',
        work(status),
    ];
}

function work(status) {
    if (status.generation.running > 1) return t('{n} answers in work', { n: number(status.generation.running) });
    const path = status.pipeline?.current_path;
    if (path) return t('reading {file}', { file: path.slice(path.lastIndexOf('/') + 1) });
    return status.pipeline?.queued ? plural(status.pipeline.queued, '{n} file waiting', '{n} files waiting') : '';
}

function render() {
    const line = byId('status');
    const state = latest.unreachable ? 'down' : latest.ready ? 'ready' : 'starting';
    if (line.dataset.state !== state) line.dataset.state = state;
    const text = listed(parts(latest));
    if (byId('status-text').textContent !== text) byId('status-text').textContent = text;
    const share = /(\d{1,3}) ?%/.exec(latest.reason ?? '');
    const loading = byId('loading');
    loading.hidden = state !== 'starting';
    if (share) loading.value = Number(share[1]);
    else loading.removeAttribute('value');
    renderBanner();
}

const modelProblem = (engine) => (engine?.problem
    ? t('Another model than the configured one answers ({model}): {problem}', { model: engine.model, problem: engine.problem }) : '');

function renderBanner() {
    const banner = byId('banner');
    const pipeline = latest.pipeline;
    const held = pipeline?.deletes_held;
    const key = held ? 'held' : pipeline?.problem || modelProblem(latest.engine);
    if (banner.dataset.key === key) return;
    banner.dataset.key = key;
    banner.hidden = !key;
    if (held) {
        banner.replaceChildren(h('p', {}, t('More than a fifth of the files vanished at once. Their passages are kept until you say so: perhaps a disk is not mounted.')),
            h('button', { class: 'plain', type: 'button', onclick: () => api.confirmDeletes().catch((error) => announce(error.message)) }, t('They are really gone')));
    } else {
        banner.replaceChildren(h('p', {}, key));
    }
}
