// Numbers and names for people.

import { language, number } from './i18n.js';

export function bytes(count) {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
    let value = count;
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return inUnit(value, units[unit], unit > 0 && value < 10 ? 1 : 0);
}

const inUnit = (value, unit, decimals = 0) =>
    number(value, { style: 'unit', unit, unitDisplay: 'short', minimumFractionDigits: decimals, maximumFractionDigits: decimals });

export function seconds(value) {
    if (value < 1) return inUnit(Math.max(1, Math.round(value * 1000)), 'millisecond');
    if (value < 60) return inUnit(value, 'second', 1);
    return `${inUnit(Math.floor(value / 60), 'minute')} ${inUnit(value % 60, 'second')}`;
}

export function date(unixSeconds) {
    if (!unixSeconds) return '';
    return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(new Date(unixSeconds * 1000));
}

export function dateTime(unixSeconds) {
    return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(unixSeconds * 1000));
}

export const fileName = (path) => path.slice(path.lastIndexOf('/') + 1);

export const folderName = (path) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');

/** A message as a sentence: with a capital and an end. */
export const sentence = (text) => (text ? `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}` : '');

const KINDS = { markdown: 'MD', text: 'TXT' };

/** At most five letters: one kind may have many endings (code, archives), so the file's own says more. */
export function kind(type, path = '') {
    if (KINDS[type]) return KINDS[type];
    const name = fileName(path);
    const dot = name.lastIndexOf('.');
    return dot > 0 ? name.slice(dot + 1, dot + 6).toUpperCase() : (type || 'file').slice(0, 5).toUpperCase();
}
