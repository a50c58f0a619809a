// The sources beside an answer: numbered, each with its place and the words that carry the answer.

import { h, icon } from './dom.js';
import { fileName } from './format.js';
import { listed, plural, t } from './i18n.js';
import { documentLink, openSource } from './reader.js';

const MAX_EXCERPT = 220;

/** The small number in the text that opens its source. */
export function citationChip(source) {
    const where = fileName(source.document.path);
    return sourceLink(source, { class: 'chip', title: where, 'aria-label': t('Source {n}: {file}', { n: source.number, file: where }) },
        String(source.number));
}

function sourceLink(source, attributes, ...children) {
    const span = source.quote ? source.quote_span : source.chunk.span;
    const onclick = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        openSource(source);
    };
    return h('a', { href: documentLink(source.document.id, span), onclick, ...attributes }, ...children);
}

function excerpt(text) {
    const line = text.replace(/\s+/g, ' ').trim();
    return line.length > MAX_EXCERPT ? `${line.slice(0, MAX_EXCERPT)}…` : line;
}

/** A quote counts only where the answer was found: beside "not found" the passage speaks for itself. */
function card(source, found) {
    const quote = found && !source.computed ? source.quote : '';
    const computed = found && source.computed;
    const place = [source.chunk.page ? t('page {n}', { n: source.chunk.page }) : '', source.chunk.heading.split(' > ').pop()];
    return h('li', { class: source.cited ? 'source cited' : 'source' },
        sourceLink(source, { class: 'source-link' },
            h('span', { class: 'source-head' },
                h('span', { class: 'chip still', 'aria-hidden': 'true' }, String(source.number)),
                h('span', { class: 'source-name', dir: 'auto' }, fileName(source.document.path))),
            h('span', { class: 'where' }, listed(place)),
            h('span', { class: quote ? 'excerpt quote' : 'excerpt', dir: 'auto' }, excerpt(computed || quote || source.text)),
            computed ? h('span', { class: 'verified' }, icon('check'), t('computed from the table')) : null,
            quote && source.verified ? h('span', { class: 'verified' }, icon('check'), t('word for word')) : null));
}

/** `found` false: these are only the nearest passages and are called so. */
export function sourceList(sources, found) {
    if (!sources?.length) return null;
    const shown = found && sources.some((source) => source.cited) ? sources.filter((source) => source.cited) : sources;
    const others = sources.filter((source) => !shown.includes(source));
    const cited = shown.some((source) => source.cited);
    const title = !found ? t('Nearest passages') : cited ? t('Sources') : t('Passages read');
    return h('aside', { class: found ? 'sources' : 'sources nearest', 'aria-label': title },
        h('h3', {}, title),
        found ? null : h('p', { class: 'where' }, t('They may not answer the question.')),
        h('ol', {}, shown.map((source) => card(source, found))),
        others.length ? h('details', {}, h('summary', {}, plural(others.length, '{n} more read, not cited', '{n} more read, not cited')),
            h('ol', {}, others.map((source) => card(source, found)))) : null);
}
