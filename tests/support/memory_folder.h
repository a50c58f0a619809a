// A folder held in memory for the agents' tests: documents whose paragraphs are chunks.
#pragma once

#include <string>

#include "support/fake_services.h"

namespace hearth::test {

/// Adds `text` with one chunk a paragraph, all under `heading`.
inline void add_document(MemoryCorpus& corpus, const std::string& path, const std::string& text,
                         const std::string& heading = "Rules") {
    MemoryCorpus::Entry entry;
    entry.status.document = {"id-" + path, path, "markdown", path.substr(0, path.find('/'))};
    entry.status.state = retrieval::DocumentState::kIndexed;
    entry.text = text;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find("\n\n", start), text.size());
        const std::string id = path + "#" + std::to_string(start);
        entry.chunks.push_back({id, heading, std::nullopt, {start, end}});
        start = end + 2;
    }
    corpus.add(std::move(entry));
}

}  // namespace hearth::test
