#include "llm/kv_cache.h"

#include "core/check.h"

namespace hearth::llm {
namespace {

constexpr std::size_t kLine = 64;

std::size_t round_up(std::size_t value, std::size_t to) {
    return (value + to - 1) / to * to;
}

}  // namespace

Result<std::unique_ptr<KvPool>> KvPool::create(const KvShape& shape, int tokens, MemoryLedger& ledger) {
    const int blocks = (tokens + kKvBlockTokens - 1) / kKvBlockTokens;
    std::size_t bytes = round_up(shape.layer_bytes, kLine);
    if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(shape.layers), &bytes) ||
        __builtin_mul_overflow(bytes, static_cast<std::size_t>(blocks), &bytes)) {
        return Error(ErrorCode::kResourceExhausted, "a KV cache of " + std::to_string(tokens) + " tokens is too large");
    }
    HEARTH_TRY(MemoryLedger::Lease lease, ledger.reserve("kv", bytes));
    // calloc: large zeroed memory costs nothing until it is written.
    std::unique_ptr<std::byte, FreeDeleter> memory(static_cast<std::byte*>(std::calloc(bytes + kLine, 1)));
    if (memory == nullptr) {
        return Error(ErrorCode::kResourceExhausted,
                     "no memory for a KV cache of " + std::to_string(bytes) + " bytes; open fewer context tokens");
    }
    return std::unique_ptr<KvPool>(
        std::make_unique<KvPool>(KvPool(shape, blocks, std::move(lease), std::move(memory))));
}

KvPool::KvPool(const KvShape& shape, int blocks, MemoryLedger::Lease lease,
               std::unique_ptr<std::byte, FreeDeleter> memory)
    : shape_(shape), stride_(round_up(shape.layer_bytes, kLine)), lease_(std::move(lease)), memory_(std::move(memory)) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    base_ = memory_.get() + (round_up(address, kLine) - address);
    references_.assign(static_cast<std::size_t>(blocks), 0);
    for (int block = blocks - 1; block >= 0; --block) free_.push_back(block);
}

int KvPool::acquire() {
    if (free_.empty()) return -1;
    const int block = free_.back();
    free_.pop_back();
    references_[static_cast<std::size_t>(block)] = 1;
    return block;
}

void KvPool::retain(int block) {
    ++references_[static_cast<std::size_t>(block)];
}

void KvPool::release(int block) {
    int& count = references_[static_cast<std::size_t>(block)];
    HEARTH_CHECK(count > 0);
    if (--count == 0) free_.push_back(block);
}

std::byte* KvPool::data(int block, int layer) const {
    return base_ + (static_cast<std::size_t>(block) * static_cast<std::size_t>(shape_.layers) +
                    static_cast<std::size_t>(layer)) *
                       stride_;
}

KvSequence::KvSequence(KvPool& pool) : pool_(&pool), layers_(static_cast<std::size_t>(pool.shape().layers)) {}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : pool_(other.pool_),
      length_(std::exchange(other.length_, 0)),
      blocks_(std::exchange(other.blocks_, {})),
      layers_(std::exchange(other.layers_, {})) {}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept {
    if (this == &other) return *this;
    clear();
    pool_ = other.pool_;
    length_ = std::exchange(other.length_, 0);
    blocks_ = std::exchange(other.blocks_, {});
    layers_ = std::exchange(other.layers_, {});
    return *this;
}

KvSequence::~KvSequence() {
    clear();
}

void KvSequence::clear() {
    for (const int block : blocks_) pool_->release(block);
    blocks_.clear();
    for (auto& layer : layers_) layer.clear();
    length_ = 0;
}

void KvSequence::append_block(int block) {
    blocks_.push_back(block);
    for (std::size_t layer = 0; layer < layers_.size(); ++layer)
        layers_[layer].push_back(pool_->data(block, static_cast<int>(layer)));
}

bool KvSequence::reserve(int tokens) {
    const auto needed = static_cast<std::size_t>((length_ + tokens + kKvBlockTokens - 1) / kKvBlockTokens);
    while (blocks_.size() < needed) {
        const int block = pool_->acquire();
        if (block < 0) return false;
        append_block(block);
    }
    return true;
}

void KvSequence::advance(int tokens) {
    length_ += tokens;
    HEARTH_CHECK(static_cast<std::size_t>(length_) <= blocks_.size() * kKvBlockTokens);
}

void KvSequence::truncate(int length) {
    HEARTH_CHECK(length >= 0 && length <= length_);
    length_ = length;
    const auto needed = static_cast<std::size_t>((length + kKvBlockTokens - 1) / kKvBlockTokens);
    while (blocks_.size() > needed) {
        pool_->release(blocks_.back());
        blocks_.pop_back();
        for (auto& layer : layers_) layer.pop_back();
    }
}

void KvSequence::share(std::span<const int> blocks) {
    HEARTH_CHECK(blocks_.empty());
    for (const int block : blocks) {
        pool_->retain(block);
        append_block(block);
    }
    length_ = static_cast<int>(blocks.size()) * kKvBlockTokens;
}

}  // namespace hearth::llm
