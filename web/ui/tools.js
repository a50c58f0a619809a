// The agent's tool calls beside an answer: one folded line each, with what was asked and what came back.

import { h, icon } from './dom.js';
import { seconds } from './format.js';

const NAMES = {
    search_documents: 'Searched the documents',
    read_document: 'Read a document',
    list_documents: 'Listed the documents',
    current_time: 'Looked at the clock',
};

export function toolCards(tools) {
    if (!tools?.length) return null;
    return h('ul', { class: 'tools', 'aria-label': 'Tool calls' }, tools.map((tool) => h('li', {}, h('details', {},
        h('summary', {}, icon(tool.failed ? 'alert' : 'check'), `${NAMES[tool.name] ?? tool.name}${tool.failed ? ' (failed)' : ''}`,
            h('span', { class: 'where' }, seconds(tool.seconds))),
        h('pre', { tabindex: '0' }, `${tool.arguments}\n\n${tool.result}`)))));
}
