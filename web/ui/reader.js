// The reading panel: a passage in its surroundings, with the words that carry the answer marked.

import * as api from './api.js';
import { announce, append, byId, h, icon, toolButton } from './dom.js';
import { fileName, folderName, number } from './format.js';

const FIRST_CONTEXT = 1200;
const STEP = 16384;  // bytes that "more" adds at one end

let opener = null;
let latest = 0;  // only the newest request may fill the panel
let behind = '#/';  // the address of the view that the panel covers

export const documentLink = (id, span) =>
    `#/document/${encodeURIComponent(id)}${span ? `?start=${span.start}&end=${span.end}` : ''}`;

export const setBehind = (hash) => { behind = hash; };

/** Opens the passage behind a numbered source of an answer. It gets an entry in the history, so that Back closes it. */
export function openSource(source) {
    const span = source.quote ? source.quote_span : source.chunk.span;
    if (!history.state?.reader) history.pushState({ reader: true }, '');
    return open(source.document.id, span, source);
}

export function openDocument(id, start = 0, end = 0) {
    return open(id, { start, end }, null);
}

export function closeReader() {
    if (!hide()) return false;
    if (history.state?.reader) history.back();
    else if (location.hash.startsWith('#/document/')) history.replaceState(null, '', behind);
    return true;
}

function hide() {
    const panel = byId('reader');
    if (panel.hidden) return false;
    latest += 1;
    panel.hidden = true;
    byId('frame').classList.remove('reading');
    if (opener?.isConnected) opener.focus();
    opener = null;
    return true;
}

window.addEventListener('popstate', (event) => event.state?.reader || hide());

async function open(id, span, source) {
    const panel = byId('reader');
    if (panel.hidden) opener = document.activeElement;
    panel.hidden = false;
    byId('frame').classList.add('reading');
    const mine = latest += 1;
    let passage = null;
    let failure = null;
    try {
        passage = await api.passage(id, span.start, span.end, FIRST_CONTEXT);
    } catch (error) {
        failure = error;
    }
    if (mine !== latest) return;
    if (failure) showFailure(panel, source, failure);
    else showPassage(panel, source, passage);
    panel.querySelector('.reader-close').focus({ preventScroll: true });
}

function showPassage(panel, source, passage) {
    const body = h('div', { class: 'reader-body', tabindex: '0', 'aria-label': 'Text of the document' });
    const foot = h('footer', { class: 'reader-foot' });
    panel.replaceChildren(...[head(passage.document, source), note(source), body, foot].filter(Boolean));
    fill(body, passage);
    fillFoot(foot, { body, id: passage.document.id, window: { ...passage.window }, size: passage.document_bytes });
    announce(`Opened ${fileName(passage.document.path)}`);
}

function showFailure(panel, source, error) {
    const document = source?.document ?? { path: 'Document' };
    panel.replaceChildren(head(document, source), h('div', { class: 'problem' }, icon('alert'),
        h('p', {}, error.status === 404 ? 'This document is no longer in your files.' : error.message)));
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

/** Offsets are bytes of UTF-8, so cuts are made on bytes. */
function cut(text, from, to = Infinity) {
    return new TextDecoder().decode(new TextEncoder().encode(text).slice(Math.max(0, from), Math.max(0, to)));
}

function fill(body, passage) {
    const start = passage.requested.start - passage.window.start;
    const end = passage.requested.end - passage.window.start;
    if (end <= start) {
        body.append(passage.text);
        return;
    }
    const mark = h('mark', {}, cut(passage.text, start, end));
    append(body, [cut(passage.text, 0, start), mark, cut(passage.text, end)]);
    requestAnimationFrame(() => {
        body.scrollTop = mark.offsetTop - body.offsetTop - body.clientHeight / 3;
    });
}

/** `shown` is what the body holds of the document: {body, id, window, size}. */
function fillFoot(foot, shown) {
    const { window: span, size } = shown;
    const whole = span.start === 0 && span.end >= size;
    const more = (label, grow) => h('button', { class: 'plain', type: 'button', onclick: () => extend(foot, shown, grow) }, label);
    foot.replaceChildren(
        h('span', {}, whole ? 'The whole document' : `${number(span.end - span.start)} of ${number(size)} bytes`),
        h('span', { class: 'more' }, span.start > 0 ? more('Show earlier', earlier) : '', span.end < size ? more('Show later', later) : ''));
}

async function extend(foot, shown, grow) {
    const mine = latest;
    try {
        await grow(shown, () => mine === latest);
    } catch (error) {
        announce(error.message);
        return;
    }
    if (mine === latest) fillFoot(foot, shown);
}

async function earlier(shown, current) {
    const at = shown.window.start;
    const passage = await api.passage(shown.id, at, at, STEP);
    if (!current() || shown.window.start !== at) return;
    const fromBottom = shown.body.scrollHeight - shown.body.scrollTop;
    shown.body.prepend(cut(passage.text, 0, at - passage.window.start));
    shown.body.scrollTop = shown.body.scrollHeight - fromBottom;
    shown.window.start = passage.window.start;
}

async function later(shown, current) {
    const at = shown.window.end;
    const passage = await api.passage(shown.id, at, at, STEP);
    if (!current() || shown.window.end !== at) return;
    shown.body.append(cut(passage.text, at - passage.window.start));
    shown.window.end = passage.window.end;
}
