// Keys and values of sequences, in blocks of 16 tokens out of one pool of fixed size. Full blocks may be shared by
// sequences with the same beginning; they never change.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "llm/ops.h"

namespace hearth::llm {

/// What one block holds: `layers` backend blocks of `layer_bytes` (Ops::kv_block_bytes).
struct KvShape {
    int layers = 0;
    int kv_heads = 0;
    int head_dim = 0;
    std::size_t layer_bytes = 0;
    KvFormat format = KvFormat::kFull;
};

/// Counts references to blocks. Used from one thread at a time; outlives its sequences.
class KvPool {
  public:
    /// Room for `tokens` tokens, accounted in `ledger` as "kv". Memory is touched when a block is first written.
    static Result<std::unique_ptr<KvPool>> create(const KvShape& shape, int tokens, MemoryLedger& ledger);

    const KvShape& shape() const { return shape_; }
    int blocks() const { return static_cast<int>(references_.size()); }
    int free_blocks() const { return static_cast<int>(free_.size()); }
    int references(int block) const { return references_[static_cast<std::size_t>(block)]; }

    int acquire();  ///< a block with one reference; -1 when none is free
    void retain(int block);
    void release(int block);
    std::byte* data(int block, int layer) const;

  private:
    struct FreeDeleter {
        void operator()(std::byte* memory) const noexcept { std::free(memory); }
    };
    KvPool(const KvShape& shape, int blocks, MemoryLedger::Lease lease, std::unique_ptr<std::byte, FreeDeleter> memory);

    KvShape shape_;
    std::size_t stride_;  // bytes between backend blocks: layer_bytes rounded up to a cache line
    MemoryLedger::Lease lease_;
    std::unique_ptr<std::byte, FreeDeleter> memory_;
    std::byte* base_;
    std::vector<int> references_;
    std::vector<int> free_;
};

/// One sequence's blocks. Move-only; gives its references back on destruction.
class KvSequence {
  public:
    explicit KvSequence(KvPool& pool);
    KvSequence(KvSequence&& other) noexcept;
    KvSequence& operator=(KvSequence&& other) noexcept;
    ~KvSequence();

    int length() const { return length_; }
    KvFormat format() const { return pool_->shape().format; }
    /// Blocks for `tokens` more tokens; false when the pool has too few (what was taken stays).
    bool reserve(int tokens);
    /// `tokens` tokens were stored in every layer.
    void advance(int tokens);
    /// Drops tokens from the end.
    void truncate(int length);
    /// Makes whole blocks of another sequence the beginning of this empty one, without copying.
    void share(std::span<const int> blocks);
    /// The pool's numbers of the blocks, in order; whole ones and perhaps one begun or reserved after them.
    std::span<const int> block_ids() const { return blocks_; }
    /// What Ops reads: one pointer a block, valid until the sequence changes.
    std::byte* const* blocks(int layer) const { return layers_[static_cast<std::size_t>(layer)].data(); }

  private:
    void clear();
    void append_block(int block);

    KvPool* pool_;
    int length_ = 0;
    std::vector<int> blocks_;
    std::vector<std::vector<std::byte*>> layers_;  // [layer][block]
};

}  // namespace hearth::llm
