// The list of conversations in the menu: search, open, rename, delete.

import * as chat from './chat.js';
import { announce, byId, h, toolButton } from './dom.js';
import { t } from './i18n.js';
import * as store from './store.js';

let renaming = null;  // id of the conversation whose title is a field
let onCurrentGone = () => {};

/** `currentGone` is called when the conversation on screen was deleted. */
export function bindHistory(currentGone) {
    onCurrentGone = currentGone;
    byId('history-search').addEventListener('input', renderHistory);
}

export function renderHistory() {
    if (renaming && byId('rename-input')) return;
    const all = store.list();
    const found = store.search(byId('history-search').value);
    byId('history').replaceChildren(...found.map(row));
    byId('history-title').hidden = all.length === 0;
    byId('history-search').hidden = all.length < 2;
    byId('history-none').hidden = found.length > 0 || all.length === 0;
}

const isOpen = (entry) => entry.id === chat.currentId() && !byId('chat-view').hidden;

function row(entry) {
    const title = entry.title || t('Untitled');
    if (entry.id === renaming) return h('li', {}, titleField(entry));
    return h('li', {},
        h('a', { href: `#/chat/${entry.id}`, 'aria-current': isOpen(entry) ? 'page' : null, dir: 'auto' }, title),
        toolButton('edit', t('Rename conversation {title}', { title }), () => {
            renaming = entry.id;
            renderHistory();
            byId('rename-input').select();
        }),
        toolButton('bin', t('Delete conversation {title}', { title }), () => {
            const current = chat.forget(entry.id);
            renderHistory();
            announce(t('Conversation deleted.'));
            if (current) onCurrentGone();
        }));
}

function titleField(entry) {
    const field = h('input', { id: 'rename-input', type: 'text', maxlength: 80, 'aria-label': t('Title of the conversation') });
    field.value = entry.title;
    const done = (keep) => {
        if (renaming !== entry.id) return;
        renaming = null;
        if (keep && field.value.trim()) chat.rename(entry.id, field.value.trim());
        const now = store.list().find((other) => other.id === entry.id) ?? entry;
        field.closest('li').replaceWith(row(now));  // only this row: a click that took the focus away still meets its own
    };
    field.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== 'Escape') return;
        event.stopPropagation();
        done(event.key === 'Enter');
        byId('history').querySelector(`a[href="#/chat/${entry.id}"]`)?.focus();
    });
    field.addEventListener('blur', () => done(true));
    return field;
}
