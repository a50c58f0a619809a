// A small Markdown to DOM renderer for model text. It never parses HTML and never makes links or images: what a model
// writes can be read, but it cannot load, run or lead anywhere. `cite(number)` gives the node for a [n] mark or null.

import { h } from './dom.js';

const FENCE = /^\s{0,3}(```+|~~~+)\s*([\w+#.-]*)/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const BULLET = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const INLINE = /(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)|\*\*(\S(?:[\s\S]*?\S)?)\*\*|__(\S(?:[\s\S]*?\S)?)__|(?<![\w*])\*(\S(?:[^*]*?\S)?)\*(?!\w)|(?<!\w)_(\S(?:[^_]*?\S)?)_(?!\w)|!?\[([^\]\n]*)\]\(([^)\s]*)\)|\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/;
const MAX_DEPTH = 6;

export function renderMarkdown(text, cite = () => null) {
    const root = document.createDocumentFragment();
    blocks(text.split('\n'), root, cite, 0);
    return root;
}

function inline(text, parent, cite, depth) {
    let rest = text;
    while (rest) {
        const match = depth < MAX_DEPTH ? INLINE.exec(rest) : null;
        if (!match) break;
        parent.append(rest.slice(0, match.index));
        rest = rest.slice(match.index + match[0].length);
        const [whole, , code, strong, strong2, em, em2, label, url, numbers] = match;
        if (code !== undefined) parent.append(h('code', {}, code.trim()));
        else if (strong ?? strong2) inline(strong ?? strong2, parent.appendChild(h('strong')), cite, depth + 1);
        else if (em ?? em2) inline(em ?? em2, parent.appendChild(h('em')), cite, depth + 1);
        else if (url !== undefined) parent.append(label && label !== url ? `${label} (${url})` : url);
        else parent.append(...citations(numbers, whole, cite));
    }
    parent.append(rest);
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
    inline(text, parent.appendChild(h(`h${Math.min(6, marks.length + 2)}`)), cite, 0);
    return at + 1;
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
