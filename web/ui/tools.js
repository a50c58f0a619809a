// The agent's tool calls beside an answer: one folded line each, with what was asked and what came back.

import { h, icon } from './dom.js';
import { seconds } from './format.js';
import { t } from './i18n.js';

const NAMES = {
    search_documents: t('Searched the documents'),
    read_document: t('Read a document'),
    list_documents: t('Listed the documents'),
    current_time: t('Looked at the clock'),
};

export function toolCards(tools) {
    if (!tools?.length) return null;
    return h('ul', { class: 'tools', 'aria-label': t('Tool calls') }, tools.map((tool) => h('li', {}, h('details', {},
        h('summary', {}, icon(tool.failed ? 'alert' : 'check'), tool.failed ? t('{tool} (failed)', { tool: NAMES[tool.name] ?? tool.name }) : NAMES[tool.name] ?? tool.name,
            h('span', { class: 'where' }, seconds(tool.seconds))),
        h('pre', { tabindex: '0' }, `${tool.arguments}\n\n${tool.result}`)))));
}
