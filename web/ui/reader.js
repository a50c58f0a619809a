// The reading panel: a passage in its surroundings, with the words that carry the answer marked.

import * as api from './api.js';
import { announce, append, byId, h, icon, toolButton } from './dom.js';
import { fileName, folderName, number } from './format.js';

const FIRST_CONTEXT = 1200;
const MAX_CONTEXT = 65536;

let opener = null;

export const documentLink = (id, span) =>
    `#/document/${encodeURIComponent(id)}${span ? `?start=${span.start}&end=${span.end}` : ''}`;

/** Opens the passage behind a numbered source of an answer. */
export function openSource(source) {
    const span = source.quote ? source.quote_span : source.chunk.span;
    return open(source.document.id, span, source);
}

export function openDocument(id, start = 0, end = 0) {
    return open(id, { start, end }, null);
}

export function closeReader() {
    const panel = byId('reader');
    if (panel.hidden) return false;
    panel.hidden = true;
    byId('frame').classList.remove('reading');
    if (location.hash.startsWith('#/document/')) {
        history.replaceState(null, '', byId('files-view').hidden ? '#/' : '#/files');
    }
    if (opener?.isConnected) opener.focus();
    opener = null;
    return true;
}

async function open(id, span, source) {
    const panel = byId('reader');
    if (panel.hidden) opener = document.activeElement;
    panel.hidden = false;
    byId('frame').classList.add('reading');
    await show(panel, id, span, source, FIRST_CONTEXT);
    panel.querySelector('.reader-close').focus({ preventScroll: true });
}

async function show(panel, id, span, source, context) {
    const body = h('div', { class: 'reader-body', tabindex: '0', 'aria-label': 'Text of the document' });
    try {
        const passage = await api.passage(id, span.start, span.end, context);
        const more = () => show(panel, id, span, source, Math.min(MAX_CONTEXT, context * 4));
        panel.replaceChildren(...[head(passage.document, source), note(source), body, foot(passage, more)].filter(Boolean));
        fill(body, passage);
        announce(`Opened ${fileName(passage.document.path)}`);
    } catch (error) {
        const document = source?.document ?? { path: 'Document' };
        panel.replaceChildren(head(document, source), h('div', { class: 'problem' }, icon('alert'),
            h('p', {}, error.status === 404 ? 'This document is no longer in your files.' : error.message)));
    }
}

function head(document, source) {
    const where = [folderName(document.path), source?.chunk.page ? `page ${source.chunk.page}` : '', source?.chunk.heading]
        .filter(Boolean);
    return h('header', { class: 'reader-head' },
        h('div', {},
            h('h2', {}, source ? h('span', { class: 'chip still' }, String(source.number)) : null, fileName(document.path)),
            where.length ? h('p', { class: 'where' }, where.join(' · ')) : null),
        closeButton());
}

function closeButton() {
    const button = toolButton('close', 'Close passage (Esc)', () => closeReader());
    button.classList.add('reader-close');
    return button;
}

function note(source) {
    if (!source?.quote) return null;
    if (source.verified) {
        return h('p', { class: 'verdict good' }, icon('check'), 'The marked words stand in the file exactly like this.');
    }
    return h('p', { class: 'verdict' }, icon('alert'), 'The quote could not be checked against the file: read it with care.');
}

/** Offsets are bytes of UTF-8, so the cut is made on bytes. */
function fill(body, passage) {
    const bytes = new TextEncoder().encode(passage.text);
    const decode = (from, to) => new TextDecoder().decode(bytes.slice(Math.max(0, from), Math.max(0, to)));
    const start = passage.requested.start - passage.window.start;
    const end = passage.requested.end - passage.window.start;
    if (end <= start) {
        body.append(passage.text);
        return;
    }
    const mark = h('mark', {}, decode(start, end));
    append(body, [decode(0, start), mark, decode(end, bytes.length)]);
    requestAnimationFrame(() => {
        body.scrollTop = mark.offsetTop - body.offsetTop - body.clientHeight / 3;
    });
}

function foot(passage, more) {
    const whole = passage.window.start === 0 && passage.window.end >= passage.document_bytes;
    const shown = passage.window.end - passage.window.start;
    return h('footer', { class: 'reader-foot' },
        h('span', {}, whole ? 'The whole document' : `${number(shown)} of ${number(passage.document_bytes)} bytes`),
        whole || shown >= 2 * MAX_CONTEXT ? null : h('button', { class: 'plain', type: 'button', onclick: more }, 'Show more around it'));
}
