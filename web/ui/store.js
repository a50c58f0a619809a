// Conversations in this browser's local storage: nothing of them is kept on the server.

const INDEX = 'hearth.chats';
const MAX_CHATS = 100;

const keyOf = (id) => `hearth.chat.${id}`;

function read(name, fallback) {
    try {
        return JSON.parse(localStorage.getItem(name)) ?? fallback;
    } catch {
        return fallback;
    }
}

function write(name, value) {
    try {
        localStorage.setItem(name, JSON.stringify(value));
        return true;
    } catch {
        return false;
    }
}

/** [{id, title, updated}], newest first. */
export const list = () => read(INDEX, []);

export const load = (id) => read(keyOf(id), null);

export function create() {
    return { id: crypto.getRandomValues(new Uint32Array(2)).join('-'), title: '', updated: Date.now(), turns: [] };
}

/** Keeps the newest conversations; when the browser's room is used up the oldest give way. */
export function save(chat) {
    chat.updated = Date.now();
    chat.title ||= chat.turns[0]?.question.slice(0, 80) ?? '';
    const entry = { id: chat.id, title: chat.title, updated: chat.updated };
    let entries = [entry, ...list().filter((other) => other.id !== chat.id)];
    while (entries.length > MAX_CHATS || (!write(keyOf(chat.id), chat) && entries.length > 1)) {
        drop(keyOf(entries.pop().id));
    }
    write(INDEX, entries);
}

/** The conversations whose title, questions or answers hold every word. */
export function search(words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    if (!wanted.length) return list();
    return list().filter((entry) => {
        const turns = load(entry.id)?.turns ?? [];
        const text = [entry.title, ...turns.flatMap((turn) => [turn.question, turn.text])].join(' ').toLowerCase();
        return wanted.every((word) => text.includes(word));
    });
}

export function rename(id, title) {
    const chat = load(id);
    if (chat) write(keyOf(id), { ...chat, title });
    write(INDEX, list().map((entry) => (entry.id === id ? { ...entry, title } : entry)));
}

function drop(name) {
    try {
        localStorage.removeItem(name);
    } catch { /* storage may be switched off: there is nothing to remove then */ }
}

export function remove(id) {
    drop(keyOf(id));
    write(INDEX, list().filter((entry) => entry.id !== id));
}
