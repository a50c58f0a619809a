// What must hold for every document a parser makes: the daemon takes its reply, and the chunker covers its text.
#pragma once

#include "core/check.h"
#include "core/utf8.h"
#include "ingest/chunker.h"
#include "ingest/sentences.h"
#include "ingest/worker_reply.h"
#include "support/fake_sink.h"

namespace hearth::test {

inline void check_extraction(const ingest::Extraction& extraction) {
    const auto* document = std::get_if<ingest::Document>(&extraction);
    if (document == nullptr) return;
    HEARTH_CHECK(ingest::decode_reply(ingest::encode_reply(extraction)).ok());
    const WordCounter words(32);
    std::size_t covered = document->text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    for (const auto& chunk : ingest::chunk_document(*document, words, {24, 32, 6})) {
        for (std::size_t i = covered; i < chunk.span.start; ++i) HEARTH_CHECK(ingest::is_blank(document->text[i]));
        HEARTH_CHECK(chunk.span.end > covered && chunk.span.end <= document->text.size());
        HEARTH_CHECK(chunk.tokens <= 32);
        covered = chunk.span.end;
    }
    for (std::size_t i = covered; i < document->text.size(); ++i) HEARTH_CHECK(ingest::is_blank(document->text[i]));
}

}  // namespace hearth::test
