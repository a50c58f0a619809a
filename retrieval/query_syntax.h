// PUBLIC. What a person types into a search field, as a Query: words, and the filters among them.
//
//   path:manuals/*.pdf  type:pdf  collection:manuals  after:2024-05  before:2024-06-15  "a phrase"  pre*  -word
//
// A filter's value may be quoted (path:"my folder/*"), and -path:, -type:, -collection: leave out. Of several filters
// of one name one has to hold, of different names all. Anything else with a colon is words. There is no escape: what is
// typed becomes words and values, never an expression.
#pragma once

#include <string_view>

#include "core/result.h"
#include "retrieval/types.h"

namespace hearth::retrieval {

/// Longer queries are refused, and so are more than this many filters and left-out words together.
constexpr std::size_t kMaxQueryBytes = 4096;
constexpr std::size_t kMaxQueryConditions = 64;

/// Fills text and filter. kInvalidArgument with what to write instead: a date that is none, nothing but filters, or too
/// long.
Result<Query> parse_query(std::string_view typed);

}  // namespace hearth::retrieval
