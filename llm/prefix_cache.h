// Remembers what sequences stored, so that a prompt which begins like one of them is not computed again: a radix tree
// whose edges are whole KV blocks of 16 tokens (RadixAttention, arXiv 2312.07104).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "llm/kv_cache.h"

namespace hearth::llm {

/// Used from one thread at a time; the pool outlives it. It may grow to the whole pool, whose memory is accounted:
/// sequences that need room take it back with evict().
class PrefixCache {
  public:
    explicit PrefixCache(KvPool& pool) : pool_(pool) {}
    ~PrefixCache();
    PrefixCache(const PrefixCache&) = delete;
    PrefixCache& operator=(const PrefixCache&) = delete;

    // `lora`: Lora::key() of the adapter that computed or will compute the tokens, 0 without one. Keys and values of
    // the same tokens differ by adapter.

    /// Shares the longest known beginning of `tokens` into the empty `sequence`, whole blocks only, and always leaves
    /// at least one token to compute. Returns the tokens shared.
    int reuse(std::span<const std::int32_t> tokens, std::uint64_t lora, KvSequence& sequence);

    /// What reuse() would share, and how many of these blocks evict() could give back now.
    struct Match {
        int blocks = 0;
        int evictable_blocks = 0;
    };
    Match match(std::span<const std::int32_t> tokens, std::uint64_t lora) const;

    /// Keeps the whole blocks that `sequence` holds of `tokens`, which it stores from its beginning on.
    void remember(std::span<const std::int32_t> tokens, std::uint64_t lora, const KvSequence& sequence);

    /// Gives one block back to the pool: the end of the beginning that was unused for longest, those that were asked
    /// for again and again (a system prompt, tool descriptions) last. False when running sequences hold all of it.
    bool evict();

    int blocks() const { return blocks_; }
    /// Blocks that evict() could give back.
    int evictable_blocks() const;

  private:
    /// The adapter, and the block's tokens.
    using Key = std::pair<std::uint64_t, std::array<std::int32_t, kKvBlockTokens>>;
    struct Node {
        Node* parent = nullptr;
        int block = -1;
        std::uint64_t last_use = 0;
        int uses = 0;
        std::map<Key, std::unique_ptr<Node>> children;
    };

    static Key key_at(std::span<const std::int32_t> tokens, std::uint64_t lora, std::size_t block);
    static std::size_t shareable_blocks(std::span<const std::int32_t> tokens);
    bool is_protected(const Node& node) const;
    /// True when `a` is to go before `b`.
    bool goes_before(const Node& a, const Node& b) const;
    void find_victim(const Node& node, const Node*& victim) const;
    /// Adds the blocks that can go, from the ends up. True when the node itself can.
    bool count_evictable(const Node& node, int& count) const;
    void release(const Node& node);

    KvPool& pool_;
    Node root_;
    int blocks_ = 0;
    std::uint64_t clock_ = 0;  // one tick a request
};

}  // namespace hearth::llm
