// The page: routing, the composer, the menu, the theme, keyboard and drag-and-drop.

import * as api from './api.js';
import * as chat from './chat.js';
import { announce, byId, h, icon } from './dom.js';
import * as files from './files.js';
import { fileName } from './format.js';
import { bindHistory, renderHistory } from './history.js';
import { LANGUAGES, choose, language, plural, t, translateDocument } from './i18n.js';
import { closePanel, setBehind } from './panel.js';
import { documentLink, openDocument } from './reader.js';
import * as status from './status.js';
import * as system from './system.js';

const input = byId('composer-input');

function decorate() {
    translateDocument();
    const languages = byId('language');
    for (const [tag, name] of Object.entries(LANGUAGES))
        languages.append(h('option', { value: tag, lang: tag, selected: tag === language }, name));
    languages.addEventListener('change', () => choose(languages.value));
    byId('rail-open').append(icon('menu'));
    byId('rail-close').append(icon('close'));
    byId('send').append(icon('send'));
    byId('stop').append(icon('stop'));
    byId('new-chat').prepend(icon('plus'));
}

// ---- routes: #/ , #/chat/ID , #/files , #/system , #/document/ID?start=&end= ----

const PAGES = { files: { title: t('Files'), show: files.show }, system: { title: t('System'), show: system.show } };

/** A person can type anything there: what is no escape stays as it is. */
function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function route() {
    if (location.hash && !location.hash.startsWith('#/')) return;
    const [path, query] = location.hash.slice(1).split('?');
    const [, view, id] = path.split('/').map(decoded);
    if (view === 'document' && id) {
        const span = new URLSearchParams(query);
        openDocument(id, Number(span.get('start')) || 0, Number(span.get('end')) || 0);
        if (chat.isEmpty() && !byId('chat-view').hidden) chat.open(null);
        return;
    }
    closeRail();
    closePanel();
    setBehind(location.hash || '#/');
    if (Object.hasOwn(PAGES, view)) {
        showView(view);
        PAGES[view].show();
        renderHistory();
        return;
    }
    showView('chat');
    if (view === 'chat' && id) {
        if (id !== chat.currentId()) chat.open(id);
    } else {
        chat.open(null);
        input.focus({ preventScroll: true });
    }
    renderHistory();
}

function showView(name) {
    byId('chat-view').hidden = name !== 'chat';
    byId('composer').hidden = name !== 'chat';
    for (const [page, { title }] of Object.entries(PAGES)) {
        byId(`${page}-view`).hidden = name !== page;
        if (name === page) byId(`${page}-link`).setAttribute('aria-current', 'page');
        else byId(`${page}-link`).removeAttribute('aria-current');
        if (name === page) document.title = `${title} · hearth`;
    }
    if (name === 'chat') document.title = 'hearth';
}

// ---- the start page ----

function welcome() {
    if (!status.isReady()) {
        return h('section', { class: 'welcome' }, h('h1', {}, t('Warming up')),
            h('p', { class: 'lead' }, t('The models are being loaded. You can write your question already; it can be sent as soon as the light above turns green.')));
    }
    const known = files.all().filter((item) => item.state === 'indexed');
    const recent = [...known].sort((a, b) => b.indexed_at - a.indexed_at).slice(0, 4);
    const lead = known.length
        ? plural(known.length, 'Answers come from {n} file on this machine, with the passages they stand on.',
            'Answers come from {n} files on this machine, with the passages they stand on.')
        : t('Drop files anywhere on this page, or add them under Files. Questions can be asked seconds later.');
    return h('section', { class: 'welcome' },
        h('h1', {}, known.length ? t('What would you like to know?') : t('Begin with a file')),
        h('p', { class: 'lead' }, lead),
        recent.length ? h('ul', { class: 'recent', 'aria-label': t('Latest files') }, recent.map((item) => h('li', {},
            h('a', { href: documentLink(item.id) }, item.title || fileName(item.path))))) : null,
        known.length ? null : h('a', { class: 'primary', href: '#/files' }, t('Go to Files')));
}

// ---- composer ----

function send() {
    if (chat.isRunning() || !input.value.trim()) return;
    if (!status.isReady()) {
        announce(byId('status-text').textContent);
        return;
    }
    const fromDocuments = byId('use-documents').checked;
    const options = { retrieval: fromDocuments };
    if (fromDocuments && byId('scope').value) options.collection = byId('scope').value;
    chat.ask(input.value, options);
    input.value = '';
    grow();
}

function grow() {
    input.style.height = 'auto';
    input.style.height = `${Math.min(input.scrollHeight, 200)}px`;
    updateSend();
}

function updateSend() {
    const running = chat.isRunning();
    byId('send').hidden = running;
    byId('stop').hidden = !running;
    byId('send').disabled = !status.isReady() || !input.value.trim();
}

function bindComposer() {
    byId('composer').addEventListener('submit', (event) => {
        event.preventDefault();
        send();
    });
    input.addEventListener('input', grow);
    input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        send();
    });
    byId('stop').addEventListener('click', () => {
        chat.stop();
        input.focus();
    });
    byId('use-documents').addEventListener('change', updateScope);
}

function updateScope() {
    const names = files.collections();
    const select = byId('scope');
    const before = select.value;
    select.replaceChildren(h('option', { value: '' }, t('All folders')), ...names.map((name) => h('option', { value: name }, name)));
    select.value = names.includes(before) ? before : '';
    byId('scope-box').hidden = names.length < 2 || !byId('use-documents').checked;
}

// ---- menu, theme, keyboard, drop, key ----

function openRail() {
    byId('rail').classList.add('open');
    byId('scrim').hidden = false;
    byId('rail-open').setAttribute('aria-expanded', 'true');
    byId('rail-close').focus();
}

function closeRail() {
    if (!byId('rail').classList.contains('open')) return false;
    byId('rail').classList.remove('open');
    byId('scrim').hidden = true;
    byId('rail-open').setAttribute('aria-expanded', 'false');
    byId('rail-open').focus();
    return true;
}

function bindRail() {
    byId('rail-open').addEventListener('click', openRail);
    byId('rail-close').addEventListener('click', closeRail);
    byId('scrim').addEventListener('click', closeRail);
    byId('new-chat').addEventListener('click', () => {
        if (location.hash === '#/') route();
        else location.hash = '#/';
    });
}

function bindTheme() {
    const chosen = document.documentElement.dataset.theme;
    for (const radio of document.querySelectorAll('#theme input')) {
        radio.checked = radio.value === chosen;
        radio.addEventListener('change', () => {
            document.documentElement.dataset.theme = radio.value;
            try {
                localStorage.setItem('hearth.theme', radio.value);
            } catch { /* storage may be switched off: the choice lasts until the page is left */ }
        });
    }
}

/** A link would change the address, and with it the view. */
function bindSkipLink() {
    byId('skip').addEventListener('click', (event) => {
        event.preventDefault();
        (document.querySelector('main:not([hidden])#files-view, main:not([hidden])#system-view') ?? input).focus();
    });
}

function bindKeys() {
    document.addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && !byId('key-dialog').open) {
            if (closeRail() || closePanel()) return;
            chat.stop();
        }
    });
}

function bindDrop() {
    const carriesFiles = (event) => event.dataTransfer?.types.includes('Files');
    let depth = 0;
    document.addEventListener('dragenter', (event) => {
        if (!carriesFiles(event)) return;
        depth += 1;
        byId('drop').hidden = false;
    });
    document.addEventListener('dragleave', () => {
        depth = Math.max(0, depth - 1);
        byId('drop').hidden = depth === 0;
    });
    document.addEventListener('dragover', (event) => carriesFiles(event) && event.preventDefault());
    document.addEventListener('drop', (event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        depth = 0;
        byId('drop').hidden = true;
        if (location.hash !== '#/files') location.hash = '#/files';
        files.addFiles(event.dataTransfer.files);
    });
}

let keyPromise = null;

function askForKey(refused) {
    byId('key-refused').hidden = !refused;
    keyPromise ??= new Promise((resolve) => {
        byId('key-dialog').showModal();
        byId('key-form').addEventListener('submit', () => {
            keyPromise = null;
            resolve(byId('key-input').value);
        }, { once: true });
    });
    return keyPromise;
}

let wasReady = null;

function onStatus(latest) {
    if (latest.ready !== wasReady) chat.refreshWelcome();
    wasReady = latest.ready;
    if (latest.limits) files.setLimit(latest.limits.max_upload_bytes);
    system.update(latest);
    const counts = latest.counts;
    byId('files-count').textContent = counts ? String(counts.documents_indexed + counts.documents_failed + counts.documents_queued) : '';
    updateSend();
}

/** The address names the conversation once there is one, so that a reload finds it again. */
function onChatChange() {
    if (!chat.isEmpty() && !byId('chat-view').hidden) {
        history.replaceState(history.state, '', `#/chat/${chat.currentId()}`);
        setBehind(location.hash);
    }
    updateSend();
    renderHistory();
}

function start() {
    decorate();
    api.onKeyNeeded(askForKey);
    chat.configure({ isReady: status.isReady, welcome, onChange: onChatChange });
    files.onLoad(() => { updateScope(); chat.refreshWelcome(); });
    bindComposer();
    bindRail();
    bindTheme();
    bindKeys();
    bindSkipLink();
    bindHistory(() => { location.hash = '#/'; });
    bindDrop();
    window.addEventListener('hashchange', route);
    window.addEventListener('pagehide', chat.saveNow);
    byId('key-dialog').addEventListener('cancel', (event) => event.preventDefault());
    route();
    status.watch(onStatus, files.reload);
}

start();
