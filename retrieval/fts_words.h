// The full-text index's own view of words: how its tokenizer stems a text, and how many chunks hold a stem.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"

namespace hearth::retrieval {

struct IndexedWord {
    std::string stem;
    std::string surface;  ///< as the text has it
};

/// Makes the two functions below usable on this read-only connection.
Status register_word_functions(Database& reader);

/// The words of `text` in order, by the tokenizer of the index. `expression` must match at least one chunk: FTS5 lends
/// its tokenizer only while a query runs. Empty when it matches none.
Result<std::vector<IndexedWord>> indexed_words(Database& reader, const std::string& expression, std::string_view text);

/// How many chunks hold a stem, for many stems in a row.
class StemCounts {
  public:
    static Result<StemCounts> open(Database& reader);
    Result<std::int64_t> of(const std::string& stem);

  private:
    explicit StemCounts(Statement statement) : statement_(std::move(statement)) {}
    Statement statement_;
};

}  // namespace hearth::retrieval
