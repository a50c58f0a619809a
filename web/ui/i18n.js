// Every text that the page shows goes through here. Another language is one file beside this one (ar.js shows its form),
// loaded before anything is drawn; the chosen one, else the first known one of the browser's, else English.

export const LANGUAGES = { en: 'English', ar: 'العربية' };

const KEY = 'hearth.language';

function chosen() {
    let kept = null;
    try {
        kept = localStorage.getItem(KEY);
    } catch { /* storage may be switched off: the browser's language then */ }
    const wanted = [kept, ...(navigator.languages ?? [])].filter(Boolean).map((tag) => tag.toLowerCase().split('-')[0]);
    return wanted.find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? 'en';
}

export const language = chosen();

const table = language === 'en' ? { direction: 'ltr', texts: {}, counted: {} } : await import(`./${language}.js`);
const categories = new Intl.PluralRules(language);

/** What may run the other way must not draw its neighbours with it: FIRST STRONG ISOLATE and its end. */
const isolated = (text) => (table.direction === 'rtl' ? `\u2068${text}\u2069` : String(text));

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? isolated(values[name]) : whole));
const translated = (text) => (Object.hasOwn(table.texts, text) ? table.texts[text] : text);

/** The text with {name} replaced by values. */
export function t(text, values = {}) {
    return filled(translated(text), values);
}

/** "{n} files": the form for this count. */
export function plural(count, one, many) {
    const forms = Object.hasOwn(table.counted, many) ? table.counted[many] : { one, other: many };
    return filled(forms[categories.select(count)] ?? forms.other, { n: number(count) });
}

export const number = (value, options) => new Intl.NumberFormat(language, options).format(value);

/** "a · b · c" of those that are not empty. */
export const listed = (parts) => parts.filter(Boolean).map(isolated).join(' · ');

/** Remembers the choice and draws the page again. */
export function choose(tag) {
    try {
        localStorage.setItem(KEY, tag);
    } catch { /* without storage the choice cannot last */ }
    location.reload();
}

/** What stands in index.html itself. */
export function translateDocument() {
    document.documentElement.lang = language;
    document.documentElement.dir = table.direction;
    if (language === 'en') return;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.data.trim();
        if (text) node.data = node.data.replace(text, () => translated(text));
    }
    for (const name of ['aria-label', 'placeholder', 'title']) {
        for (const element of document.querySelectorAll(`[${name}]`)) element.setAttribute(name, translated(element.getAttribute(name)));
    }
}
