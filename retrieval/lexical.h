// Full-text search: a person's words to an FTS5 expression that cannot break out, and the ranked chunks for it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"
#include "retrieval/fusion.h"
#include "retrieval/vector_index.h"

namespace hearth::retrieval {

/// Words OR-ed, each quoted. "several words" stay a phrase, and a trailing * makes a prefix. English stop words
/// are left out unless nothing else is there. At most kMaxQueryTerms terms, repeats dropped. Empty when the text has
/// no word at all.
std::string fts_expression(std::string_view query);

/// FTS5 refuses expressions that are nested or listed too long; people do not type this many words.
constexpr std::size_t kMaxQueryTerms = 64;

/// The best `limit` chunks by BM25, best first; scores are positive, higher is better. `allowed` may be null:
/// everything. `expression` comes from fts_expression and is not empty; register_rank_function was called on `reader`.
Result<std::vector<Ranked>> lexical_search(Database& reader, const std::string& expression, std::size_t limit,
                                           const AllowedDocuments* allowed);

}  // namespace hearth::retrieval
