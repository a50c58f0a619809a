// Building DOM nodes without HTML text: nothing here parses markup.

const ICONS = {
    menu: 'M3 6h14M3 10h14M3 14h14',
    close: 'M5 5l10 10M15 5L5 15',
    send: 'M10 16V4M4.500 9.500L10 4l5.500 5.500',
    stop: 'M6 6h8v8H6z',
    copy: 'M7 7V3.500h9.500V13H13M3.500 7H13v9.500H3.500z',
    again: 'M15.500 6.500A6.500 6.500 0 1 0 16.500 11M16 3v4h-4',
    check: 'M4 10.500l4 4 8-9',
    bin: 'M4 6h12M8 6V4h4v2M6 6l.700 10.500h6.600L14 6',
    open: 'M8 4H4v12h12v-4M11 4h5v5M16 4l-7 7',
    plus: 'M10 4v12M4 10h12',
    edit: 'M4 16l.800-3.800L13.500 3.500l3 3L7.800 15.200zM11.500 5.500l3 3',
    why: 'M7.200 7.200a2.800 2.800 0 1 1 3.900 2.600c-.800.350-1.100.900-1.100 1.700v.500M10 15v.300M2.500 10a7.500 7.500 0 1 0 15 0a7.500 7.500 0 1 0-15 0',
    alert: 'M10 3.500l7.500 13h-15zM10 8.500v3.500M10 14.200v.300',
};

/** An element with attributes, listeners ("onclick") and children (nodes or text; null is skipped). */
export function h(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
        else if (name === 'class') node.className = value;
        else node.setAttribute(name, value === true ? '' : String(value));
    }
    append(node, children);
    return node;
}

export function append(node, children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || child === false) continue;
        node.append(child);
    }
    return node;
}

/**
 * Makes the children of `node` those of `fresh`, keeping every node that is already as it should be: focus, selection
 * and opened details survive. A link or button with other attributes is replaced, because its listener is another's.
 */
export function patch(node, fresh) {
    let old = node.firstChild;
    for (const next of [...fresh.childNodes]) {
        const after = old?.nextSibling ?? null;
        if (!old) node.append(next);
        else if (!old.isEqualNode(next)) morph(old, next);
        old = after;
    }
    while (old) {
        const after = old.nextSibling;
        old.remove();
        old = after;
    }
}

const LISTENS = new Set(['A', 'BUTTON', 'TEXTAREA', 'FORM']);

function morph(old, next) {
    if (old.nodeType === Node.TEXT_NODE && next.nodeType === Node.TEXT_NODE) {
        if (next.data.startsWith(old.data)) old.appendData(next.data.slice(old.data.length));
        else old.data = next.data;
        return;
    }
    const sameKind = old.nodeType === Node.ELEMENT_NODE && old.nodeName === next.nodeName;
    if (!sameKind || (LISTENS.has(old.nodeName) && !old.cloneNode(false).isEqualNode(next.cloneNode(false)))) {
        old.replaceWith(next);
        return;
    }
    for (const { name, value } of next.attributes) {
        if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
        if (!next.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
    }
    patch(old, next);
}

/** An SVG element with attributes and children. */
export function svg(tag, attributes = {}, ...children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
    node.append(...children);
    return node;
}

export function icon(name) {
    return svg('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true', class: 'icon' }, svg('path', { d: ICONS[name] }));
}

export const byId = (id) => document.getElementById(id);

/** Says something to people who listen to the page. */
export function announce(text) {
    byId('announce').textContent = text;
}

/** A small button whose label is read aloud and shown as a tooltip. */
export function toolButton(name, label, onclick) {
    return h('button', { class: 'tool', type: 'button', title: label, 'aria-label': label, onclick }, icon(name));
}
