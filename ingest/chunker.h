// Cuts a document into passages that follow its structure. Pure: same document and counter, same chunks.
#pragma once

#include <vector>

#include "ingest/document.h"
#include "ingest/sink.h"

namespace hearth::ingest {

struct ChunkLimits {
    int target_tokens = 200;
    int max_tokens = 254;              ///< hard, for heading and body: what the embedder reads without cutting
    int overlap_tokens = 32;           ///< only between the parts of one long block
    std::size_t max_bytes = 16 << 10;  ///< hard: text that tokenizes to almost nothing still ends
};

/// Chunks in text order. Every non-blank byte of the text is in at least one; no chunk starts or ends with a blank;
/// spans lie on code point borders. A chunk that begins inside a table has the table's columns in its heading. A
/// heading takes a quarter of `max_tokens` at most. Memory beside the result does not grow with the text's tokens.
std::vector<Chunk> chunk_document(const Document& document, const TokenCounter& tokens, const ChunkLimits& limits);

}  // namespace hearth::ingest
