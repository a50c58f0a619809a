// Every text that the page shows goes through here: one place for another language's table to come into.

export const language = 'en';

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? values[name] : whole));

/** The text with {name} replaced by values. */
export function t(text, values = {}) {
    return filled(text, values);
}

/** "{n} files": the form for this count. */
export function plural(count, one, many) {
    return filled(count === 1 ? one : many, { n: number(count) });
}

export const number = (value, options) => new Intl.NumberFormat(language, options).format(value);
