// The state of the machine: speed, cache, memory, the queue of files and what failed, the engine and its models.

import * as api from './api.js';
import { partsBar, sparkline } from './charts.js';
import { announce, byId, h } from './dom.js';
import * as files from './files.js';
import { bytes, fileName, seconds, sentence } from './format.js';
import { listed, number, plural, t } from './i18n.js';
import * as samples from './samples.js';

let latest = null;
let models = [];
const cards = new Map();  // by title: {body, content}

/** Takes every answer of /v1/status; draws when the view is open. */
export function update(status) {
    samples.take(status);
    latest = status;
    draw();
}

export async function show() {
    const view = byId('system-view');
    cards.clear();
    view.replaceChildren(h('div', { class: 'system' }, h('h1', {}, t('System')),
        card(t('Speed'), speed), card(t('Prompt cache'), cache), card(t('Memory'), memory), card(t('Engine'), engine),
        card(t('Reading files'), ingest, 'whole', ingestActions()), card(t('Files that failed'), failures, 'whole'),
        card(t('Disk'), disk), card(t('Models'), modelList), card(t('Keys'), keys)));
    draw();
    try {
        models = await api.models();
    } catch { /* the list stays as it was: the status line says what is wrong */ }
    draw();
}

/** The body is redrawn with every status, what stands below it stays. */
function card(title, content, kind = '', ...below) {
    const body = h('div', {});
    cards.set(title, { body, content });
    return h('section', { class: `panel-card ${kind}`.trim() }, h('h2', {}, title), body, below);
}

function draw() {
    if (!latest || byId('system-view').hidden) return;
    for (const entry of cards.values()) {
        const fresh = h('div', {}, entry.content(latest) ?? h('p', { class: 'where' }, t('Not known yet.')));
        if (!fresh.isEqualNode(entry.body)) entry.body.replaceChildren(...fresh.childNodes);
    }
}

const big = (text) => h('p', { class: 'big' }, text);
const small = (...parts) => h('p', { class: 'where' }, listed(parts));

function speed(status) {
    if (!status.engine) return null;
    const now = status.generation.last_tokens_per_second;
    const text = now > 0 ? t('{n} tokens/s', { n: number(now, { maximumFractionDigits: 1 }) }) : t('No answer yet');
    return [big(text), sparkline(samples.series('speed'), t('Tokens a second of the last answers: {now}', { now: text })),
        small(t('{n} running', { n: number(status.engine.running) }), t('{n} waiting', { n: number(status.engine.waiting) }),
            plural(status.generation.requests_total, '{n} answer since the start', '{n} answers since the start'))];
}

function cache(status) {
    if (!status.engine) return null;
    const { prompt_tokens_computed: computed, prompt_tokens_cached: cached } = status.engine;
    const all = computed + cached;
    const share = all > 0 ? cached / all : 0;
    const percent = number(share, { style: 'percent' });
    return [big(percent), sparkline(samples.gains('cached'), t('Prompt tokens from the cache: {share}', { share: percent })),
        small(t('{cached} of {all} prompt tokens were read from the cache', { cached: number(cached), all: number(all) }))];
}

function memory(status) {
    if (!status.memory) return null;
    const { budget_bytes: budget, used_bytes: used, parts } = status.memory;
    const shown = parts.filter((part) => part.bytes > 0).sort((a, b) => b.bytes - a.bytes)
        .map((part) => ({ label: part.name, value: part.bytes, text: bytes(part.bytes) }));
    return [big(t('{used} of {all}', { used: bytes(used), all: bytes(budget) })), partsBar(shown, budget)];
}

const rows = (pairs) => h('dl', { class: 'facts-list' },
    pairs.filter(([, value]) => value).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));

function engine(status) {
    if (!status.engine) return null;
    const { kv_blocks: kv, draft_tokens: drafted, draft_tokens_accepted: accepted } = status.engine;
    return [rows([
        [t('Model'), status.engine.model],
        [t('Kind'), status.engine.architecture],
        [t('Context'), plural(status.engine.context_tokens, '{n} token', '{n} tokens')],
        [t('Weights'), bytes(status.engine.weight_bytes)],
        [t('Processor path'), `${status.engine.isa}, ${plural(status.engine.threads, '{n} thread', '{n} threads')}`],
        [t('Memory of conversations'), t('{free} of {all} blocks free, {cached} remember beginnings',
            { free: number(kv.free), all: number(kv.total), cached: number(kv.cached) })],
        [t('Guessed tokens'), drafted ? t('{right} of {all} were right', { right: number(accepted), all: number(drafted) }) : ''],
        ...(status.reranker ? [[t('Reranker'), status.reranker.id]] : []),
        [t('Embedding model'), status.embedder ? `${status.embedder.id} (${number(status.embedder.dimensions)})` : ''],
        [t('Running for'), seconds(Math.max(1, status.uptime_seconds))],
        ['hearth', status.version],
    ])];
}

function ingest(status) {
    if (!status.counts) return null;
    const { documents_indexed: ready, documents_failed: failed, documents_queued: queued } = status.counts;
    const rate = samples.filesPerSecond();
    const path = status.pipeline?.current_path;
    return [
        partsBar([
            { label: t('Ready'), value: ready, text: number(ready) },
            { label: t('Waiting'), value: queued, text: number(queued) },
            { label: t('Failed'), value: failed, text: number(failed) },
        ], Math.max(1, ready + failed + queued)),
        small(path ? t('Reading {file}', { file: path }) : t('Nothing is being read.'),
            queued && rate ? t('about {time} left', { time: seconds(queued / rate) }) : '', status.pipeline?.problem),
    ];
}

function ingestActions() {
    const result = h('span', { class: 'where', role: 'status' });
    const press = (label, action, done) => h('button', {
        class: 'plain', type: 'button', onclick: async () => {
            try {
                result.textContent = done(await action());
            } catch (error) {
                result.textContent = error.message;
            }
        },
    }, label);
    return h('div', { class: 'card-actions' },
        press(t('Look for changes now'), api.rescan, () => t('The folder is being compared.')),
        press(t('Check the record'), api.verify, verified), result);
}

function verified({ mismatches }) {
    if (!mismatches.length) return t('The record is whole.');
    announce(t('The record has mistakes.'));
    return mismatches.join(' · ');
}

function failures() {
    const failed = files.all().filter((item) => item.state === 'failed');
    if (!failed.length) return h('p', { class: 'where' }, t('None.'));
    return h('ul', { class: 'failed-files' }, failed.map((item) => h('li', {},
        h('strong', {}, fileName(item.path)), h('p', { class: 'where' }, item.path),
        h('p', { class: 'reason' }, h('strong', {}, sentence(item.reason)), ` ${sentence(item.remedy)}`))));
}

function disk(status) {
    if (!status.disk?.total_bytes) return null;
    const used = status.disk.total_bytes - status.disk.free_bytes;
    return [big(t('{free} free', { free: bytes(status.disk.free_bytes) })),
        partsBar([{ label: t('Used'), value: used, text: bytes(used) }], Math.max(1, status.disk.total_bytes)),
        small(status.inbox)];
}

const modelList = () => h('ul', {}, models.map((model) => h('li', {}, model.id)));

function keys() {
    return [h('p', {}, t('Keys are made and revoked on the machine itself:')), h('p', { class: 'hash' }, 'hearth keys')];
}
