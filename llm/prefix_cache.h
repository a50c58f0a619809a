// Remembers the KV blocks of recent sequences by their tokens, so that a prompt which begins like one of them is not
// computed again. A list searched in order: a radix tree over blocks can take its place behind the same three calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "llm/kv_cache.h"

namespace hearth::llm {

/// Used from one thread at a time. Holds only whole blocks.
class PrefixCache {
  public:
    explicit PrefixCache(std::size_t max_entries) : max_entries_(max_entries) {}

    /// Shares the longest known beginning of `tokens` into the empty `sequence`, whole blocks only, and always leaves
    /// at least one token to compute. Returns the tokens shared.
    int reuse(std::span<const std::int32_t> tokens, KvSequence& sequence);

    /// Keeps what `sequence` holds for `tokens` (its stored tokens, in order) and forgets the oldest over the limit.
    void remember(std::vector<std::int32_t> tokens, KvSequence sequence);

    /// Forgets the entry unused for longest; false when there is none.
    bool forget_oldest();

  private:
    struct Entry {
        std::vector<std::int32_t> tokens;
        KvSequence sequence;
    };
    std::size_t max_entries_;
    std::deque<Entry> entries_;  // most recently used first
};

}  // namespace hearth::llm
