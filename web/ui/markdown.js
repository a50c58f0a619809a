// A small Markdown to DOM renderer for model text. It never parses HTML and never makes links or images: what a model
// writes can be read, but it cannot load, run or lead anywhere. `cite(number)` gives the node for a [n] mark or null.

import { h } from './dom.js';

const FENCE = /^\s{0,3}(```+|~~~+)\s*([\w+#.-]*)/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const BULLET = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const NUMBERS = /^\d{1,3}(?:\s*,\s*\d{1,3})*$/;
const WORD = /[\p{L}\p{N}_]/u;
const MAX_DEPTH = 6;

export function renderMarkdown(text, cite = () => null) {
    const root = document.createDocumentFragment();
    blocks(text.split('\n'), root, cite, 0);
    return root;
}

/**
 * One pass: what was searched for in vain once is not searched for again, so unmatched marks cost no more than others.
 */
function inline(text, parent, cite, depth) {
    const scan = { text, missing: new Set(), cite, depth };
    let plain = 0;
    let at = 0;
    while (at < text.length) {
        const found = depth < MAX_DEPTH ? markup(scan, at) : null;
        if (found?.nodes) {
            parent.append(text.slice(plain, at), ...found.nodes);
            plain = found.end;
        }
        at = found?.end ?? at + 1;
    }
    parent.append(text.slice(plain));
}

/** What begins at `at`: {end, nodes}; without nodes the text up to `end` is plain. Null: an ordinary character. */
function markup(scan, at) {
    const { text } = scan;
    const char = text[at];
    if (char === '`') return code(scan, at);
    if (char === '[' || (char === '!' && text[at + 1] === '[')) return bracket(scan, at);
    if (char !== '*' && char !== '_') return null;
    return text[at + 1] === char ? strong(scan, at, char + char) : emphasis(scan, at, char);
}

function runLength(text, at) {
    let end = at;
    while (text[end] === text[at]) end += 1;
    return end - at;
}

/** A run of backticks up to the next run of the same length. */
function code(scan, at) {
    const { text, missing } = scan;
    const marks = text.slice(at, at + runLength(text, at));
    const start = at + marks.length;
    for (let close = missing.has(marks) ? -1 : text.indexOf(marks, start); close >= 0; close = text.indexOf(marks, close)) {
        const run = runLength(text, close);
        if (run === marks.length) return { end: close + run, nodes: [h('code', {}, text.slice(start, close).trim())] };
        close += run;
    }
    missing.add(marks);
    return { end: start };
}

function strong(scan, at, marks) {
    const { text, missing } = scan;
    const start = at + 2;
    if (!missing.has(marks) && /\S/.test(text[start] ?? '')) {
        let close = text.indexOf(marks, start + 1);
        while (close >= 0 && /\s/.test(text[close - 1])) close = text.indexOf(marks, close + 1);
        if (close >= 0) return within(scan, 'strong', start, close, close + 2);
        missing.add(marks);
    }
    return { end: start };
}

function emphasis(scan, at, mark) {
    const { text } = scan;
    const close = text.indexOf(mark, at + 1);
    const opens = !WORD.test(text[at - 1] ?? '') && /\S/.test(text[at + 1] ?? '');
    const closes = close > at + 1 && /\S/.test(text[close - 1]) && !WORD.test(text[close + 1] ?? '');
    return opens && closes ? within(scan, 'em', at + 1, close, close + 1) : null;
}

function within(scan, tag, start, close, end) {
    const node = h(tag);
    inline(scan.text.slice(start, close), node, scan.cite, scan.depth + 1);
    return { end, nodes: [node] };
}

/** A link or picture becomes its words and address; [1] or [1, 2] the sources with these numbers. */
function bracket(scan, at) {
    const { text, cite } = scan;
    const open = text[at] === '!' ? at + 1 : at;
    const close = nextOf(text, open + 1, '[]');
    if (text[close] !== ']') return { end: open + 1 };
    const label = text.slice(open + 1, close);
    if (text[close + 1] === '(') {
        const end = nextOf(text, close + 2, '() \n\t');
        if (text[end] !== ')') return { end: open + 1 };
        const url = text.slice(close + 2, end);
        return { end: end + 1, nodes: [label && label !== url ? `${label} (${url})` : url] };
    }
    if (!NUMBERS.test(label)) return { end: open + 1 };
    return { end: close + 1, nodes: citations(label, text.slice(at, close + 1), cite) };
}

function nextOf(text, from, chars) {
    let at = from;
    while (at < text.length && !chars.includes(text[at])) at += 1;
    return at;
}

function citations(numbers, whole, cite) {
    const nodes = numbers.split(',').map((number) => cite(Number(number)));
    return nodes.every(Boolean) ? nodes : [whole];
}

function blocks(lines, parent, cite, depth) {
    let at = 0;
    while (at < lines.length) {
        const line = lines[at];
        if (!line.trim()) at += 1;
        else if (FENCE.test(line)) at = codeBlock(lines, at, parent);
        else if (HEADING.test(line)) at = heading(lines, at, parent, cite);
        else if (RULE.test(line)) at = (parent.append(h('hr')), at + 1);
        else if (QUOTE.test(line) && depth < MAX_DEPTH) at = quote(lines, at, parent, cite, depth);
        else if (BULLET.test(line) && depth < MAX_DEPTH) at = list(lines, at, parent, cite, depth);
        else at = paragraph(lines, at, parent, cite);
    }
}

function codeBlock(lines, start, parent) {
    const fence = FENCE.exec(lines[start])[1];
    let end = start + 1;
    while (end < lines.length && !lines[end].trim().startsWith(fence)) end += 1;
    parent.append(h('pre', { tabindex: '0' }, h('code', {}, lines.slice(start + 1, end).join('\n'))));
    return end + 1;
}

function heading(lines, at, parent, cite) {
    const [, marks, text] = HEADING.exec(lines[at]);
    inline(withoutClosingMarks(text), parent.appendChild(h(`h${Math.min(6, marks.length + 2)}`)), cite, 0);
    return at + 1;
}

/** "Title ##" is "Title"; "C#" stays. */
function withoutClosingMarks(text) {
    const trimmed = text.trimEnd();
    let end = trimmed.length;
    while (trimmed[end - 1] === '#') end -= 1;
    return end === 0 || /\s/.test(trimmed[end - 1]) ? trimmed.slice(0, end).trimEnd() : trimmed;
}

function quote(lines, start, parent, cite, depth) {
    let end = start;
    while (end < lines.length && QUOTE.test(lines[end])) end += 1;
    const inner = lines.slice(start, end).map((line) => QUOTE.exec(line)[1]);
    blocks(inner, parent.appendChild(h('blockquote')), cite, depth + 1);
    return end;
}

/** Items of one indentation; deeper lines belong to the item above them. */
function list(lines, start, parent, cite, depth) {
    const [, indent, mark] = BULLET.exec(lines[start]);
    const ordered = /\d/.test(mark);
    const node = parent.appendChild(h(ordered ? 'ol' : 'ul', ordered ? { start: parseInt(mark, 10) } : {}));
    let at = start;
    while (at < lines.length) {
        const match = BULLET.exec(lines[at]);
        if (!match || match[1].length < indent.length || /\d/.test(match[2]) !== ordered) break;
        const body = [match[3]];
        for (at += 1; at < lines.length && belongsToItem(lines[at], indent.length); at += 1) {
            body.push(lines[at].slice(Math.min(indent.length + 2, lines[at].search(/\S|$/))));
        }
        const item = node.appendChild(h('li'));
        if (body.length === 1) inline(body[0], item, cite, 0);
        else blocks(body, item, cite, depth + 1);
    }
    return at;
}

const belongsToItem = (line, indent) => line.trim() !== '' && line.search(/\S/) > indent;

function paragraph(lines, start, parent, cite) {
    let end = start + 1;
    const starts = [FENCE, HEADING, BULLET, QUOTE, RULE];
    while (end < lines.length && lines[end].trim() && !starts.some((pattern) => pattern.test(lines[end]))) end += 1;
    const node = parent.appendChild(h('p'));
    lines.slice(start, end).forEach((line, index) => {
        if (index > 0) node.append(/ {2}$/.test(lines[start + index - 1]) ? h('br') : ' ');
        inline(line.trim(), node, cite, 0);
    });
    return end;
}
