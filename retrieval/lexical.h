// Full-text search: a person's words to an FTS5 expression that cannot break out, and the ranked chunks for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"
#include "retrieval/admission.h"
#include "retrieval/fusion.h"

namespace hearth::retrieval {

/// One thing to look for, as FTS5 reads it: quoted, so that a person's text cannot end its own quotes.
struct LexicalTerm {
    std::string quoted;                  ///< "\"pump\"", "\"heat of fusion\"", "\"therm\"*"
    double weight = 1;                   ///< of its share in the score
    bool plain = true;                   ///< one whole word: neither a phrase nor a prefix
    std::optional<std::int64_t> chunks;  ///< that have it, where that is known
};

/// Words, each quoted. "several words" stay a phrase, and a trailing * makes a prefix. English stop words are left out
/// unless nothing else is there. At most kMaxQueryTerms terms, repeats dropped. Empty when the text has no word at all.
std::vector<LexicalTerm> lexical_terms(std::string_view query);

/// FTS5 refuses expressions that are nested or listed too long; people do not type this many words.
constexpr std::size_t kMaxQueryTerms = 64;

/// The terms OR-ed.
std::string fts_expression(const std::vector<LexicalTerm>& terms);

/// The best `limit` chunks by BM25, best first; scores are positive, higher is better. `admission` may be null:
/// everything. `terms` is not empty; register_rank_function was called on `reader`.
Result<std::vector<Ranked>> lexical_search(Database& reader, const std::vector<LexicalTerm>& terms, std::size_t limit,
                                           const Admission* admission);

/// Lower case, English.
bool is_stop_word(std::string_view word);
std::string lower_ascii(std::string_view text);

}  // namespace hearth::retrieval
