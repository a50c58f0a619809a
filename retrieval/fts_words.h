// The full-text index's own view of words: how its tokenizer stems a text, and how many chunks hold a stem.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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

/// Counts that were taken before, of one generation of the record: counting reads every place where the stem stands.
/// Thread-safe.
class StemCountCache {
  public:
    std::optional<std::int64_t> find(std::int64_t generation, const std::string& stem);
    void insert(std::int64_t generation, const std::string& stem, std::int64_t count);

  private:
    std::mutex mutex_;
    std::int64_t generation_ = -1;
    std::unordered_map<std::string, std::int64_t> counts_;
};

/// How many chunks hold a stem, for many stems in a row. `cache` must outlive it.
class StemCounts {
  public:
    /// `generation` is the reader's.
    static Result<StemCounts> open(Database& reader, std::int64_t generation, StemCountCache& cache);
    Result<std::int64_t> of(const std::string& stem);

  private:
    StemCounts(Statement statement, std::int64_t generation, StemCountCache& cache)
        : statement_(std::move(statement)), generation_(generation), cache_(&cache) {}
    Statement statement_;
    std::int64_t generation_;
    StemCountCache* cache_;
};

}  // namespace hearth::retrieval
