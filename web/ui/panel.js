// The panel beside the view: one thing at a time, closed by Escape, Back or its button, giving the focus back.

import { byId, toolButton } from './dom.js';
import { t } from './i18n.js';

let opener = null;
let latest = 0;  // only the newest request may fill the panel
let behind = '#/';  // the address of the view that the panel covers

export const setBehind = (hash) => { behind = hash; };

/** An entry of its own in the history, so that Back closes the panel. */
export function pushPanel() {
    if (!history.state?.reader) history.pushState({ reader: true }, '');
}

/** Shows the panel. What comes back tells whether it still belongs to this caller. */
export function openPanel(label) {
    const panel = byId('reader');
    if (panel.hidden) opener = document.activeElement;
    panel.hidden = false;
    panel.setAttribute('aria-label', label);
    byId('frame').classList.add('reading');
    const mine = latest += 1;
    return () => mine === latest;
}

export function fillPanel(...children) {
    const panel = byId('reader');
    panel.replaceChildren(...children.filter(Boolean));
    panel.querySelector('.reader-close').focus({ preventScroll: true });
}

export function closePanel() {
    if (!hide()) return false;
    if (history.state?.reader) history.back();
    else if (location.hash.startsWith('#/document/')) history.replaceState(null, '', behind);
    return true;
}

function hide() {
    const panel = byId('reader');
    if (panel.hidden) return false;
    latest += 1;
    panel.hidden = true;
    byId('frame').classList.remove('reading');
    if (opener?.isConnected) opener.focus();
    opener = null;
    return true;
}

export function closeButton() {
    const button = toolButton('close', t('Close (Esc)'), () => closePanel());
    button.classList.add('reader-close');
    return button;
}

window.addEventListener('popstate', (event) => event.state?.reader || hide());
