#include "llm/bpe_merges.h"

#include <bit>
#include <cstddef>
#include <functional>
#include <queue>
#include <utility>

namespace hearth::llm {
namespace {

/// Above this many symbols a heap beats rescanning the word after every merge.
constexpr std::size_t kScanLimit = 32;

std::uint64_t pair_key(int left, int right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

void merge_by_scan(const MergeTable& table, std::vector<int>& word) {
    int ranks[kScanLimit];
    int tokens[kScanLimit];
    std::size_t size = word.size();
    const auto look_up = [&](std::size_t i) {
        const MergeTable::Merge merge = table.find(word[i], word[i + 1]);
        ranks[i] = merge.rank;
        tokens[i] = merge.token;
    };
    for (std::size_t i = 0; i + 1 < size; ++i) look_up(i);
    while (size > 1) {
        std::size_t best = size;
        for (std::size_t i = 0; i + 1 < size; ++i) {
            if (ranks[i] >= 0 && (best == size || ranks[i] < ranks[best])) best = i;
        }
        if (best == size) break;
        word[best] = tokens[best];
        for (std::size_t i = best + 1; i + 1 < size; ++i) {
            word[i] = word[i + 1];
            ranks[i] = ranks[i + 1];
            tokens[i] = tokens[i + 1];
        }
        --size;
        if (best > 0) look_up(best - 1);
        if (best + 1 < size) look_up(best);
    }
    word.resize(size);
}

/// A merge that was possible when it was queued; stale once either side has changed.
struct Candidate {
    int rank;
    int left_at;
    int left;
    int right;
    int token;
    bool operator>(const Candidate& other) const {
        return std::pair(rank, left_at) > std::pair(other.rank, other.left_at);
    }
};

void merge_by_heap(const MergeTable& table, std::vector<int>& word) {
    const int size = static_cast<int>(word.size());
    std::vector<int> before(word.size());
    std::vector<int> after(word.size());
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
    const auto offer = [&](int left_at) {
        if (left_at < 0 || after[left_at] >= size) return;
        const int right = word[after[left_at]];
        const MergeTable::Merge merge = table.find(word[left_at], right);
        if (merge.rank >= 0) queue.push({merge.rank, left_at, word[left_at], right, merge.token});
    };
    for (int i = 0; i < size; ++i) {
        before[i] = i - 1;
        after[i] = i + 1;
    }
    for (int i = 0; i < size; ++i) offer(i);
    while (!queue.empty()) {
        const Candidate best = queue.top();
        queue.pop();
        const int right_at = after[best.left_at];
        if (word[best.left_at] != best.left || right_at >= size || word[right_at] != best.right) continue;
        word[best.left_at] = best.token;
        word[right_at] = -1;
        after[best.left_at] = after[right_at];
        if (after[right_at] < size) before[after[right_at]] = best.left_at;
        offer(before[best.left_at]);
        offer(best.left_at);
    }
    std::erase(word, -1);
}

}  // namespace

MergeTable::MergeTable(std::size_t merges) {
    const std::size_t capacity = std::bit_ceil(2 * merges + 16);
    shift_ = 64 - std::countr_zero(capacity);
    slots_.resize(capacity);
}

std::size_t MergeTable::slot_of(std::uint64_t key) const {
    std::size_t at = (key * 0x9E3779B97F4A7C15u) >> shift_;
    while (slots_[at].key != kEmpty && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
}

void MergeTable::insert(int left, int right, Merge merge) {
    Slot& slot = slots_[slot_of(pair_key(left, right))];
    if (slot.key == kEmpty) slot = {pair_key(left, right), merge};
}

MergeTable::Merge MergeTable::find(int left, int right) const {
    return slots_[slot_of(pair_key(left, right))].merge;
}

void apply_merges(const MergeTable& table, std::vector<int>& word) {
    if (word.size() < 2) return;
    if (word.size() <= kScanLimit) {
        merge_by_scan(table, word);
    } else {
        merge_by_heap(table, word);
    }
}

}  // namespace hearth::llm
