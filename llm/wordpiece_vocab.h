// The vocabulary of a WordPiece tokenizer as a trie over bytes: the longest match in one walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hearth::llm {

class ByteTrie {
  public:
    struct Match {
        int id = -1;             ///< -1: nothing matches
        std::size_t length = 0;  ///< bytes
    };

    ByteTrie();
    void insert(std::string_view key, int id);
    /// The longest key that `text` begins with.
    Match longest(std::string_view text) const;

  private:
    /// An edge of the trie in an open-addressing table: (node, byte) to node.
    struct Edge {
        std::uint64_t key = kEmpty;
        std::uint32_t node = 0;
    };
    static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
    std::size_t slot_of(std::uint64_t key) const;
    void grow();

    int shift_;
    std::vector<Edge> edges_;
    std::vector<int> ids_;  // per node; -1 where no key ends
};

}  // namespace hearth::llm
