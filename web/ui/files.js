// The files: what is indexed, what failed and why, adding and deleting.

import * as api from './api.js';
import { announce, byId, h, icon, toolButton } from './dom.js';
import { bytes, date, fileName, folderName, kind, sentence } from './format.js';
import { listed, plural, t } from './i18n.js';
import { documentLink } from './reader.js';

const STATES = { queued: t('Waiting'), processing: t('Reading'), indexed: t('Ready'), failed: t('Failed') };
const ORDER = { failed: 0, processing: 1, queued: 2, indexed: 3 };

let documents = [];
let filter = '';
let uploads = [];  // {name, share, error}
let confirming = null;  // id of the document whose deletion is being asked about
let maxUploadBytes = Infinity;
let loadError = '';
const listeners = [];

export const all = () => documents;
export const collections = () => [...new Set(documents.map((item) => item.collection))].filter(Boolean).sort();
export const onLoad = (callback) => listeners.push(callback);
export const setLimit = (limit) => { maxUploadBytes = limit; };

export async function reload() {
    try {
        documents = await api.documents();
        loadError = '';
    } catch (error) {
        loadError = error.message;
    }
    renderList();
    listeners.forEach((callback) => callback());
}

export function show() {
    const view = byId('files-view');
    const input = h('input', { type: 'file', multiple: true, hidden: true, id: 'file-input', onchange: () => addFiles(input.files) });
    view.replaceChildren(h('div', { class: 'files' },
        h('header', { class: 'files-head' },
            h('h1', {}, t('Files')),
            h('button', { class: 'primary', type: 'button', onclick: () => input.click() }, icon('plus'), t('Add files')), input),
        h('p', { class: 'lead' }, t('Drop files anywhere on this page, or copy them into the watched folder: PDF, Office, web pages, mail, tables, notes, source code, archives.')),
        h('label', { class: 'filter' }, h('span', { class: 'hidden' }, t('Filter files')),
            h('input', { type: 'search', placeholder: t('Filter by name, folder or state'), value: filter, oninput: (event) => { filter = event.target.value; renderList(); } })),
        h('div', { id: 'upload-list' }),
        h('ul', { class: 'file-list', id: 'file-list', 'aria-label': t('Files') })));
    renderUploads();
    renderList();
    reload();
}

function matches(item) {
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const text = `${item.path} ${item.title} ${STATES[item.state]} ${item.type}`.toLowerCase();
    return words.every((word) => text.includes(word));
}

function renderList() {
    const list = byId('file-list');
    if (!list) return;
    const focused = document.activeElement?.dataset?.key;
    const shown = documents.filter(matches).sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.path.localeCompare(b.path));
    list.replaceChildren(...(shown.length ? shown.map(row) : [h('li', { class: 'empty' }, emptyText())]));
    if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function emptyText() {
    if (loadError) return loadError;
    return documents.length ? t('No file matches the filter.') : t('No files yet. Add the first one: it can be asked about seconds later.');
}

function row(item) {
    const facts = [folderName(item.path), item.size_bytes ? bytes(item.size_bytes) : '',
        item.state === 'indexed' ? plural(item.chunks, '{n} passage', '{n} passages') : '', date(item.modified_at)];
    const name = item.state === 'indexed'
        ? h('a', { class: 'file-name', href: documentLink(item.id), 'data-key': `open-${item.path}` }, item.title || fileName(item.path))
        : h('span', { class: 'file-name' }, fileName(item.path));
    return h('li', { class: `file ${item.state}` },
        h('span', { class: 'kind', 'aria-hidden': 'true' }, kind(item.type, item.path)),
        h('div', { class: 'file-text' }, name,
            item.title && item.title !== fileName(item.path) ? h('span', { class: 'where' }, fileName(item.path)) : null,
            h('span', { class: 'where' }, listed(facts)),
            item.state === 'failed' ? h('p', { class: 'reason', dir: 'auto' }, h('strong', {}, sentence(item.reason)), item.remedy ? ` ${sentence(item.remedy)}` : '') : null),
        h('span', { class: 'state' }, STATES[item.state]),
        confirming === item.id ? confirmation(item) : deleteButton(item));
}

function deleteButton(item) {
    const button = toolButton('bin', t('Delete {file}', { file: fileName(item.path) }), () => {
        confirming = item.id;
        renderList();
        byId('confirm-delete')?.focus();
    });
    button.dataset.key = `delete-${item.path}`;
    return button;
}

function confirmation(item) {
    const keep = () => { confirming = null; renderList(); };
    return h('div', { class: 'confirm', role: 'group', 'aria-label': t('Delete {file}?', { file: fileName(item.path) }) },
        h('span', {}, t('Delete the file from the folder?')),
        h('button', { class: 'plain danger', type: 'button', id: 'confirm-delete', onclick: () => remove(item) }, t('Delete')),
        h('button', { class: 'plain', type: 'button', onclick: keep }, t('Keep')));
}

async function remove(item) {
    confirming = null;
    try {
        await api.removeDocument(item.id);
        documents = documents.filter((other) => other.id !== item.id);
        announce(t('{file} deleted.', { file: fileName(item.path) }));
    } catch (error) {
        uploads.push({ name: fileName(item.path), error: error.message });
        renderUploads();
    }
    renderList();
}

/** From the button or from a drop anywhere on the page. One after another: the disk gains nothing from more. */
export async function addFiles(fileList) {
    const files = [...fileList];
    const entries = files.map((file) => ({ name: file.name, share: 0, error: '' }));
    uploads = [...uploads.filter((entry) => entry.error === '' && entry.share < 1), ...entries];
    for (const [index, file] of files.entries()) {
        await uploadOne(file, entries[index]);
    }
    announce(plural(entries.filter((entry) => !entry.error).length, '{n} file added.', '{n} files added.'));
    uploads = uploads.filter((entry) => entry.error || entry.share < 1);
    renderUploads();
    reload();
}

async function uploadOne(file, entry) {
    renderUploads();
    if (file.size > maxUploadBytes) {
        entry.error = t('It is larger than the limit of {size}.', { size: bytes(maxUploadBytes) });
        return renderUploads();
    }
    try {
        await api.upload(file, (share) => { entry.share = Math.min(share, 0.99); renderUploads(); });
        entry.share = 1;
    } catch (error) {
        entry.error = error.message;
    }
    return renderUploads();
}

function renderUploads() {
    const box = byId('upload-list');
    if (!box) return;
    box.replaceChildren(...uploads.map((entry) => h('div', { class: entry.error ? 'upload failed' : 'upload' },
        h('span', {}, entry.name),
        entry.error ? h('span', { class: 'reason', role: 'alert' }, entry.error)
            : h('progress', { max: 1, value: entry.share, 'aria-label': t('Uploading {file}', { file: entry.name }) }),
        entry.error ? toolButton('close', t('Dismiss'), () => { uploads = uploads.filter((other) => other !== entry); renderUploads(); }) : null)));
}
