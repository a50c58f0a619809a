// Numbers and names for people.

export function bytes(count) {
    if (count < 1000) return `${count} B`;
    const units = ['kB', 'MB', 'GB', 'TB'];
    let value = count;
    let unit = -1;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const number = (value) => new Intl.NumberFormat().format(value);

export const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

export function seconds(value) {
    if (value < 1) return `${Math.max(1, Math.round(value * 1000))} ms`;
    return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

export function date(unixSeconds) {
    if (!unixSeconds) return '';
    return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }).format(new Date(unixSeconds * 1000));
}

export const fileName = (path) => path.slice(path.lastIndexOf('/') + 1);

export const folderName = (path) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');

const KINDS = { markdown: 'MD', text: 'TXT' };

/** At most five letters: one kind may have many endings (code, archives), so the file's own says more. */
export function kind(type, path = '') {
    if (KINDS[type]) return KINDS[type];
    const name = fileName(path);
    const dot = name.lastIndexOf('.');
    return dot > 0 ? name.slice(dot + 1, dot + 6).toUpperCase() : (type || 'file').slice(0, 5).toUpperCase();
}
