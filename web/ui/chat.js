// The conversation: questions, streamed answers, sources, and what can be done with an answer.

import * as api from './api.js';
import { announce, byId, h, icon, patch, toolButton } from './dom.js';
import { seconds } from './format.js';
import { listed, number, plural, t } from './i18n.js';
import { renderMarkdown } from './markdown.js';
import { openReceipt } from './receipt.js';
import { citationChip, sourceList } from './sources.js';
import * as store from './store.js';
import { toolCards } from './tools.js';

const HISTORY_TURNS = 4;  // earlier turns sent along: small models lose the thread in more

let chat = store.create();
let running = null;  // {abort, turn, own}: own is the conversation that the answer belongs to
let onChange = () => {};
let isReady = () => false;
let welcome = () => null;

export function configure(options) {
    ({ onChange, isReady, welcome } = options);
}

export const currentId = () => chat.id;
export const isEmpty = () => chat.turns.length === 0;
export const isRunning = () => running !== null;

export function open(id) {
    stop();
    chat = (id && store.load(id)) || store.create();
    for (const turn of chat.turns) turn.busy = false;
    render();
}

/** True when it was the one on screen. */
export function forget(id) {
    store.remove(id);
    if (id !== chat.id) return false;
    if (running) running.own = null;
    open(null);
    return true;
}

export function rename(id, title) {
    if (id === chat.id) chat.title = title;
    store.rename(id, title);
}

export function stop() {
    running?.abort.abort();
}

/** Keeps what has arrived when the page is closed in the middle of an answer. */
export function saveNow() {
    if (!running) return;
    Object.assign(running.turn, { stopped: true, busy: false });
    if (running.own) store.save(running.own);
}

export function ask(question, options) {
    if (running || !question.trim()) return;
    const turn = { question: question.trim(), options, text: '' };
    chat.turns.push(turn);
    if (chat.turns.length === 1) byId('turns').replaceChildren();
    byId('turns').append(turnNode(turn));
    run(turn);
}

function messagesFor(turn) {
    const before = chat.turns.slice(0, chat.turns.indexOf(turn)).filter((other) => other.text && !other.error);
    return [
        ...before.slice(-HISTORY_TURNS).flatMap((other) => [
            { role: 'user', content: other.question },
            { role: 'assistant', content: other.text },
        ]),
        { role: 'user', content: turn.question },
    ];
}

async function run(turn) {
    Object.assign(turn, { text: '', hearth: null, tools: [], error: null, stopped: false, usage: null, cut: false, step: t('Thinking'), answer: '', busy: true });
    const mine = { abort: new AbortController(), turn, own: chat };
    running = mine;
    store.save(chat);
    onChange();
    const began = performance.now();
    paint(turn);
    scrollToEnd();
    try {
        await api.chat({ model: 'hearth', messages: messagesFor(turn), hearth: turn.options }, mine.abort.signal, {
            id: (id) => { turn.answer = id; },
            text: (delta) => { turn.text += delta; schedule(turn); },
            event: (event) => { take(turn, event); schedule(turn); },
            usage: (usage) => { turn.usage = usage; },
            finish: (reason) => { turn.cut = reason === 'length'; },
        });
    } catch (error) {
        if (error.name === 'AbortError') turn.stopped = true;
        else turn.error = { message: error.message, retry: error.retry !== false };
    }
    turn.busy = false;
    turn.seconds = (performance.now() - began) / 1000;
    running = null;
    if (mine.own) store.save(mine.own);
    if (mine.own !== chat) return;
    paint(turn);
    announce(turn.error ? t('The question failed: {reason}', { reason: turn.error.message }) : spoken(turn));
    onChange();
}

function spoken(turn) {
    if (turn.stopped) return t('Answer stopped.');
    if (!turn.hearth?.sources) return t('Answer ready.');
    if (!turn.hearth.found) return t('Not found in your documents. The nearest passages are listed.');
    return plural(turn.hearth.sources.length, 'Answer ready, with {n} source.', 'Answer ready, with {n} sources.');
}

/** What the loop is doing, in the words it is told in. */
function stepText(label) {
    const reading = /^reading (\d+) passages$/.exec(label);
    return reading ? plural(Number(reading[1]), 'Reading {n} passage', 'Reading {n} passages') : t(sentence(label));
}

/** Events of the agent's loop; the last one is the whole `hearth` object and has no event name. */
function take(turn, event) {
    if (event.event === 'step') turn.step = stepText(event.label);
    else if (event.event === 'tool') {
        turn.step = t('Used {tool}', { tool: event.name });
        turn.tools.push(event);
    } else turn.hearth = { ...turn.hearth, ...event, sources: sameObjects(turn.hearth?.sources, event.sources) };
}

/** The listeners of sources on screen hold their objects: news about a source goes into the object of that number. */
function sameObjects(before = [], after = before) {
    return after.map((source) => Object.assign(before.find((other) => other.number === source.number) ?? {}, source));
}

let scheduled = false;

function schedule(turn) {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
        scheduled = false;
        paint(turn);
    });
}

function paint(turn) {
    const stick = atEnd();
    if (turn.node) patch(turn.node, h('article', {}, turnParts(turn)));
    if (stick) scrollToEnd();
}

function turnNode(turn) {
    const node = h('article', { class: 'turn' });
    Object.defineProperty(turn, 'node', { value: node, enumerable: false, configurable: true });
    node.append(...turnParts(turn));
    return node;
}

function turnParts(turn) {
    const found = turn.hearth ? turn.hearth.found : true;
    return [
        h('div', { class: 'question-row' }, h('h2', { class: 'question', dir: 'auto' }, turn.question),
            turn.busy ? null : toolButton('edit', t('Edit question'), () => edit(turn))),
        h('div', { class: 'answer-row' }, answerNode(turn, found), sourceList(turn.hearth?.sources, found) ?? h('div')),
    ];
}

function answerNode(turn, found) {
    const known = new Map((turn.hearth?.sources ?? []).map((source) => [source.number, source]));
    const cite = (number) => (known.has(number) ? citationChip(known.get(number)) : null);
    const body = h('div', { class: turn.busy ? 'prose busy' : 'prose', dir: 'auto' }, renderMarkdown(turn.text, cite));
    const head = h('div', { class: 'answer-head' },
        !found && !turn.busy && !/^not found in your documents/i.test(turn.text) ? h('p', { class: 'badge' }, t('Not found in your documents')) : null,
        turn.busy && !turn.text ? h('p', { class: 'working' }, h('span', { class: 'ember', 'aria-hidden': 'true' }), `${turn.step}…`) : null,
        toolCards(turn.tools));
    return h('div', { class: 'answer' }, head, body,
        turn.busy ? null : doubts(turn),
        turn.error ? failureNode(turn) : null,
        turn.stopped ? h('p', { class: 'where' }, t('Stopped before the end.')) : null,
        turn.cut ? h('p', { class: 'where' }, t('The answer reached its length limit.')) : null,
        turn.busy ? null : toolbar(turn));
}

/** Words of the answer that the passages do not carry; places are code points of the text. */
function doubts(turn) {
    const points = [...turn.text];
    const note = (kind, places, label) => (places ?? []).map(({ start, end }) =>
        h('p', { class: `where doubt ${kind}` }, icon('alert'), `${label} “${points.slice(start, end).join('')}”`));
    const notes = [
        ...note('quote', turn.hearth?.unverified_quotes, t('Not in the passages word for word:')),
        ...note('claim', turn.hearth?.unsupported, t('No passage says this:')),
    ];
    return notes.length ? h('div', {}, notes) : null;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function failureNode(turn) {
    return h('div', { class: 'problem', role: 'alert' }, icon('alert'), h('p', {}, turn.error.message),
        turn.error.retry ? h('button', { class: 'plain', type: 'button', onclick: () => again(turn) }, t('Try again')) : null);
}

function toolbar(turn) {
    const last = chat.turns.at(-1) === turn;
    const decode = turn.hearth?.timings?.decode_seconds ?? 0;
    const speed = turn.usage && decode > 0 ? t('{n} tokens/s', { n: number(Math.round(turn.usage.completion_tokens / decode)) }) : '';
    const facts = listed([turn.seconds ? seconds(turn.seconds) : '', speed]);
    return h('div', { class: 'toolbar' },
        turn.text ? toolButton('copy', t('Copy answer'), (event) => copy(turn, event.currentTarget)) : null,
        last ? toolButton('again', t('Answer again'), () => again(turn)) : null,
        turn.answer && turn.hearth?.sources && !turn.error && !turn.stopped
            ? toolButton('why', t('Why this answer'), () => openReceipt(turn.answer)) : null,
        h('span', { class: 'facts' }, facts));
}

function again(turn) {
    if (running || !isReady()) return;
    run(turn);
}

/** The question becomes a field; asking again drops the turns after it, which answered to the old words. */
function edit(turn) {
    if (running) return;
    const field = h('textarea', { 'aria-label': t('Edit question'), rows: 2, maxlength: 16000 });
    field.value = turn.question;
    const leave = () => {
        form.replaceWith(h('div', { class: 'question-row' }));
        paint(turn);
        turn.node.querySelector('.question-row button')?.focus();
    };
    const submit = (event) => {
        event.preventDefault();
        if (!field.value.trim() || running || !isReady()) return;
        turn.question = field.value.trim();
        for (const later of chat.turns.splice(chat.turns.indexOf(turn) + 1)) later.node?.remove();
        leave();
        run(turn);
        byId('composer-input').focus();
    };
    field.addEventListener('keydown', (event) => {
        if (event.key === 'Escape') {
            event.stopPropagation();
            leave();
        } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
    });
    const form = h('form', { class: 'question-edit', onsubmit: submit }, field,
        h('button', { class: 'primary', type: 'submit' }, t('Ask again')),
        h('button', { class: 'plain', type: 'button', onclick: leave }, t('Cancel')));
    turn.node.querySelector('.question-row').replaceWith(form);
    field.focus();
}

async function copy(turn, button) {
    const cited = (turn.hearth?.sources ?? []).filter((source) => source.cited);
    const notes = cited.map((source) => `[${source.number}] ${source.document.path}${source.chunk.page ? `, page ${source.chunk.page}` : ''}`);
    const text = [turn.text, ...notes].join('\n');
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        copyBySelection(text);
    }
    button.replaceChildren(icon('check'));
    announce(t('Copied.'));
    setTimeout(() => button.replaceChildren(icon('copy')), 1500);
}

/** Plain http off localhost has no clipboard object. */
function copyBySelection(text) {
    const field = h('textarea', { class: 'hidden' });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
}

export function render() {
    const turns = byId('turns');
    turns.replaceChildren(...(chat.turns.length ? chat.turns.map(turnNode) : [welcome()].filter(Boolean)));
    scrollToEnd();
}

/** Redraws the start page when what it shows has changed. */
export function refreshWelcome() {
    if (chat.turns.length === 0) render();
}

function atEnd() {
    const view = byId('chat-view');
    return view.scrollHeight - view.scrollTop - view.clientHeight < 80;
}

function scrollToEnd() {
    byId('chat-view').scrollTop = byId('chat-view').scrollHeight;
}
