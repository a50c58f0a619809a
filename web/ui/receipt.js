// "Why this answer": its receipt in the panel, with the way of its time, and the button that makes it again.

import * as api from './api.js';
import { announce, h, icon } from './dom.js';
import { dateTime, fileName } from './format.js';
import { listed, number, plural, t } from './i18n.js';
import { closeButton, fillPanel, openPanel, pushPanel } from './panel.js';
import { documentLink } from './reader.js';
import { timeline } from './timeline.js';

export async function openReceipt(answerId) {
    pushPanel();
    const current = openPanel(t('Why this answer'));
    try {
        const receipt = await api.receipt(answerId);
        if (current()) fillPanel(head(), body(receipt, current));
    } catch (error) {
        if (current()) fillPanel(head(), h('div', { class: 'problem' }, icon('alert'), h('p', {}, explain(error))));
    }
}

const explain = (error) => (error.status === 404 ? t('The receipt of this answer is not kept any more.') : error.message);

const head = () => h('header', { class: 'reader-head' }, h('h2', {}, t('Why this answer')), closeButton());

function body(receipt, current) {
    return h('div', { class: 'receipt', tabindex: '0', role: 'region', 'aria-label': t('Receipt') },
        section(t('Where the time went'), timeline(receipt.timings)),
        section(t('Passages given to the model'), sources(receipt)),
        section(t('Made by'), facts(receipt)),
        section(t('Make it again'), replay(receipt, current)));
}

const section = (title, ...children) => h('section', {}, h('h3', {}, title), children);

function sources(receipt) {
    if (!receipt.sources.length) return h('p', { class: 'where' }, t('None: the answer does not stand on documents.'));
    return h('ol', { class: 'receipt-sources' }, receipt.sources.map((source) => {
        const kept = receipt.documents[source.document.id] ?? {};
        const place = [source.cited ? t('cited') : t('read, not cited'), source.chunk.page ? t('page {n}', { n: source.chunk.page }) : ''];
        return h('li', {},
            h('a', { href: documentLink(source.document.id, source.chunk.span) },
                h('span', { class: 'chip still' }, String(source.number)), fileName(source.document.path)),
            h('p', { class: 'where' }, listed(place)),
            h('p', { class: 'where scores' }, scores(source.scores)),
            hash(kept.content_sha256));
    }));
}

const digits = (value) => number(value, { maximumFractionDigits: 3 });

function scores({ bm25, dense, fused, rerank = null }) {
    return listed([
        bm25 === null ? '' : t('words {score}', { score: digits(bm25) }),
        dense === null ? '' : t('meaning {score}', { score: digits(dense) }),
        t('together {score}', { score: digits(fused) }),
        rerank === null ? '' : t('read again {score}', { score: digits(rerank) }),
    ]);
}

const hash = (sha256) => (sha256 ? h('p', { class: 'where hash', title: sha256 }, `SHA-256 ${sha256.slice(0, 16)}…`) : null);

function facts(receipt) {
    const { engine, request, usage } = receipt;
    const rows = [
        [t('Model'), engine.model, engine.model_sha256],
        [t('Prompt template'), '', engine.template_sha256],
        [t('Embedding model'), engine.embedder],
        [t('Processor path'), `${engine.isa}, ${plural(engine.threads, '{n} thread', '{n} threads')}`],
        [t('Temperature'), digits(request.temperature)],
        [t('Seed'), request.seed === null ? t('none: the likeliest token each time') : String(request.seed)],
        [t('Tokens'), tokens(usage)],
        [t('State of the index'), number(receipt.index_generation)],
        [t('Evidence score'), digits(receipt.gate_score)],
        [t('Answered'), dateTime(receipt.created_at)],
        ['hearth', engine.version],
    ];
    return h('dl', { class: 'facts-list' }, rows.map(([name, value, sha256]) => [
        h('dt', {}, name), h('dd', {}, value, value && sha256 ? h('br') : null,
            sha256 ? h('span', { class: 'hash', title: sha256 }, `${sha256.slice(0, 16)}…`) : null)]));
}

function tokens(usage) {
    const cached = usage.input_tokens_details?.cached_tokens ?? 0;
    return t('{prompt} in the prompt ({cached} from the cache), {answer} in the answer',
        { prompt: number(usage.input_tokens), cached: number(cached), answer: number(usage.output_tokens) });
}

function replay(receipt, current) {
    const result = h('div', { class: 'replay-result', role: 'status' });
    const button = h('button', { class: 'plain', type: 'button', onclick: () => run() }, icon('again'), t('Replay'));
    async function run() {
        button.disabled = true;
        result.replaceChildren(t('Asking again…'));
        try {
            const outcome = await api.replay(receipt.id);
            if (current()) result.replaceChildren(...verdict(outcome));
        } catch (error) {
            if (current()) result.replaceChildren(h('p', {}, error.message));
        }
        button.disabled = false;
        announce(result.textContent);
    }
    return [h('p', { class: 'where' }, t('The same question, seed and settings, over the files as they are now.')), button, result];
}

function verdict({ reproduced, replayed_text: text, changes }) {
    return [
        h('p', { class: reproduced ? 'verdict good' : 'verdict' }, icon(reproduced ? 'check' : 'alert'),
            reproduced ? t('The same answer, byte for byte.') : t('A different answer came out.')),
        changes.length ? h('ul', { class: 'changes', 'aria-label': t('What has changed since') }, changes.map(change)) : null,
        reproduced ? null : h('blockquote', { class: 'replayed', dir: 'auto' }, text),
    ].filter(Boolean);
}

const short = (value) => (value === null ? t('gone') : String(value).slice(0, 16));

const change = ({ what, before, after }) => h('li', {}, h('strong', {}, what), ` ${short(before)} → ${short(after)}`);
