// The reading panel: a passage in its surroundings, with the words that carry the answer marked.

import * as api from './api.js';
import { announce, append, h, icon } from './dom.js';
import { fileName, folderName } from './format.js';
import { listed, number, t } from './i18n.js';
import { closeButton, fillPanel, openPanel, pushPanel } from './panel.js';

const FIRST_CONTEXT = 1200;
const STEP = 16384;  // bytes that "more" adds at one end

export const documentLink = (id, span) =>
    `#/document/${encodeURIComponent(id)}${span ? `?start=${span.start}&end=${span.end}` : ''}`;

/** Opens the passage behind a numbered source of an answer. It gets an entry in the history, so that Back closes it. */
export function openSource(source) {
    const span = source.quote ? source.quote_span : source.chunk.span;
    pushPanel();
    return open(source.document.id, span, source);
}

export function openDocument(id, start = 0, end = 0) {
    return open(id, { start, end }, null);
}

async function open(id, span, source) {
    const current = openPanel(t('Passage'));
    try {
        const passage = await api.passage(id, span.start, span.end, FIRST_CONTEXT);
        if (current()) showPassage(source, passage, current);
    } catch (error) {
        if (current()) showFailure(source, error);
    }
}

function showPassage(source, passage, current) {
    const body = h('div', { class: 'reader-body', dir: 'auto', tabindex: '0', role: 'region', 'aria-label': t('Text of the document') });
    const foot = h('footer', { class: 'reader-foot' });
    fillPanel(head(passage.document, source), note(source), body, foot);
    fill(body, passage);
    fillFoot(foot, { body, id: passage.document.id, window: { ...passage.window }, size: passage.document_bytes, current });
    announce(t('Opened {file}', { file: fileName(passage.document.path) }));
}

function showFailure(source, error) {
    const document = source?.document ?? { path: t('Document') };
    fillPanel(head(document, source), h('div', { class: 'problem' }, icon('alert'),
        h('p', {}, error.status === 404 ? t('This document is no longer in your files.') : error.message)));
}

function head(document, source) {
    const where = [folderName(document.path), source?.chunk.page ? t('page {n}', { n: source.chunk.page }) : '', source?.chunk.heading]
        .filter(Boolean);
    return h('header', { class: 'reader-head' },
        h('div', {},
            h('h2', {}, source ? h('span', { class: 'chip still' }, String(source.number)) : null, fileName(document.path)),
            where.length ? h('p', { class: 'where' }, listed(where)) : null),
        closeButton());
}

function note(source) {
    if (!source?.quote) return null;
    if (source.verified) {
        return h('p', { class: 'verdict good' }, icon('check'), t('The marked words stand in the file exactly like this.'));
    }
    return h('p', { class: 'verdict' }, icon('alert'), t('The quote could not be checked against the file: read it with care.'));
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

/** `shown` is what the body holds of the document: {body, id, window, size, current}. */
function fillFoot(foot, shown) {
    const { window: span, size } = shown;
    const whole = span.start === 0 && span.end >= size;
    const more = (label, grow) => h('button', { class: 'plain', type: 'button', onclick: () => extend(foot, shown, grow) }, label);
    foot.replaceChildren(
        h('span', {}, whole ? t('The whole document')
            : t('{part} of {all} bytes', { part: number(span.end - span.start), all: number(size) })),
        h('span', { class: 'more' }, span.start > 0 ? more(t('Show earlier'), earlier) : '', span.end < size ? more(t('Show later'), later) : ''));
}

async function extend(foot, shown, grow) {
    try {
        await grow(shown);
    } catch (error) {
        announce(error.message);
        return;
    }
    if (shown.current()) fillFoot(foot, shown);
}

async function earlier(shown) {
    const at = shown.window.start;
    const passage = await api.passage(shown.id, at, at, STEP);
    if (!shown.current() || shown.window.start !== at) return;
    const fromBottom = shown.body.scrollHeight - shown.body.scrollTop;
    shown.body.prepend(cut(passage.text, 0, at - passage.window.start));
    shown.body.scrollTop = shown.body.scrollHeight - fromBottom;
    shown.window.start = passage.window.start;
}

async function later(shown) {
    const at = shown.window.end;
    const passage = await api.passage(shown.id, at, at, STEP);
    if (!shown.current() || shown.window.end !== at) return;
    shown.body.append(cut(passage.text, at - passage.window.start));
    shown.window.end = passage.window.end;
}
