// Small charts in SVG: a line of the last samples, and one bar in parts. The numbers beside them carry the meaning.

import { h, svg } from './dom.js';

const WIDTH = 150;
const HEIGHT = 40;

/** A line over an area; the newest value is at the end. `label` says in words what it shows. */
export function sparkline(values, label) {
    const top = Math.max(1e-9, ...values);
    const step = WIDTH / Math.max(1, values.length - 1);
    const points = values.map((value, index) =>
        `${(index * step).toFixed(1)},${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`);
    const line = points.length > 1 ? points.join(' ') : `0,${HEIGHT - 2} ${WIDTH},${HEIGHT - 2}`;
    return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'spark', role: 'img', 'aria-label': label },
        svg('polygon', { points: `0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}` }),
        svg('polyline', { points: line, 'vector-effect': 'non-scaling-stroke' }));
}

const COLOURS = 5;

/** `parts`: [{label, value, text}]; what is left up to `whole` stays empty. */
export function partsBar(parts, whole) {
    let at = 0;
    const bars = parts.map((part, index) => {
        const width = Math.max(0.3, (part.value / whole) * 100);
        const bar = svg('rect', { x: at.toFixed(2), width: width.toFixed(2), height: 10, class: `part-${index % COLOURS}` });
        at += width;
        return bar;
    });
    return [
        svg('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', class: 'timeline sunk', 'aria-hidden': 'true' }, ...bars),
        h('ul', { class: 'timeline-parts' }, parts.map((part, index) => h('li', {}, swatch(`part-${index % COLOURS}`),
            h('span', {}, part.label), h('span', { class: 'amount' }, part.text)))),
    ];
}

export const swatch = (name) => svg('svg', { viewBox: '0 0 10 10', class: 'swatch', 'aria-hidden': 'true' },
    svg('rect', { width: 10, height: 10, rx: 2, class: name }));
