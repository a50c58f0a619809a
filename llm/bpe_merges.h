// Byte-pair merges by rank: the table and the loop that applies it to one word.
#pragma once

#include <cstdint>
#include <vector>

namespace hearth::llm {

/// Pairs of token ids to the merge that joins them. Open addressing at half load: one probe is one cache line.
class MergeTable {
  public:
    struct Merge {
        std::int32_t rank = -1;  ///< -1: these two do not merge
        std::int32_t token = -1;
    };

    explicit MergeTable(std::size_t merges = 0);
    /// The first rank given to a pair stays.
    void insert(int left, int right, Merge merge);
    Merge find(int left, int right) const;

  private:
    struct Slot {
        std::uint64_t key = kEmpty;
        Merge merge;
    };
    static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
    std::size_t slot_of(std::uint64_t key) const;

    int shift_ = 60;
    std::vector<Slot> slots_;
};

/// Joins `word` (ids, one per byte at first) in place: always the best rank, the leftmost of equals.
/// O(n^2) for short words, O(n log n) beyond.
void apply_merges(const MergeTable& table, std::vector<int>& word);

}  // namespace hearth::llm
