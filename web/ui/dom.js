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

export function icon(name) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 20 20');
    svg.setAttribute('aria-hidden', 'true');
    svg.setAttribute('class', 'icon');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    path.setAttribute('d', ICONS[name]);
    svg.append(path);
    return svg;
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
