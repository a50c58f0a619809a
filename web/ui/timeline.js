// One bar of an answer's time: search, wait, prefill, decode and the rest, each as long as it took.

import { partsBar } from './charts.js';
import { h } from './dom.js';
import { seconds } from './format.js';
import { t } from './i18n.js';

const PARTS = [
    ['search', t('Search')],
    ['queue', t('Waiting for the engine')],
    ['prefill', t('Reading the prompt')],
    ['decode', t('Writing')],
];

/** `timings` as in a receipt; the steps between the known parts are shown as one. */
export function timeline(timings) {
    const known = PARTS.map(([name, label]) => ({ label, value: timings[`${name}_seconds`] ?? 0 }));
    const sum = known.reduce((total, part) => total + part.value, 0);
    const rest = { label: t('Checks and the rest'), value: Math.max(0, timings.total_seconds - sum) };
    const shown = [...known, rest].filter((part) => part.value > 0);
    const total = shown.reduce((all, part) => all + part.value, 0);
    if (total === 0) return h('p', { class: 'where' }, t('No times were taken.'));
    return [
        ...partsBar(shown.map((part) => ({ ...part, text: seconds(part.value) })), total),
        h('p', { class: 'where' }, t('{time} in all', { time: seconds(Math.max(total, timings.total_seconds)) })),
    ];
}
