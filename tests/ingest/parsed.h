// What tests of parsers ask of an extraction.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "ingest/extract/parsers.h"

namespace hearth::test {

inline std::string golden(const std::string& name) {
    return read_file(std::string(HEARTH_SOURCE_DIR) + "/tests/golden/documents/" + name, 1 << 20).value();
}

inline const ingest::Document& document_of(const ingest::Extraction& extraction) {
    EXPECT_TRUE(std::holds_alternative<ingest::Document>(extraction));
    return std::get<ingest::Document>(extraction);
}

inline std::string block_text(const ingest::Document& document, std::size_t index) {
    const ingest::TextSpan span = document.blocks.at(index).span;
    return document.text.substr(span.start, span.end - span.start);
}

inline ingest::Extraction extract(std::string_view bytes, std::string_view name) {
    return ingest::extract_bytes(bytes, name, {});
}

inline std::string reason(const ingest::Extraction& extraction) {
    const auto* refusal = std::get_if<ingest::Refusal>(&extraction);
    return refusal == nullptr ? "" : refusal->reason;
}

/// "2 Name" for every heading: its level and words.
inline std::vector<std::string> headings(const ingest::Document& document) {
    std::vector<std::string> found;
    for (const auto& block : document.blocks) {
        if (block.kind == ingest::BlockKind::kHeading)
            found.push_back(std::to_string(block.level) + " " + block.heading);
    }
    return found;
}

}  // namespace hearth::test
