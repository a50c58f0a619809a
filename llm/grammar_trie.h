// A vocabulary's bytes as a tree in walking order: one pass over an array visits every token that is still possible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "llm/grammar.h"
#include "llm/tokenizer.h"

namespace hearth::llm {

class TokenTrie {
  public:
    /// Nodes lie in preorder: a node's subtree is [its index, skip).
    struct Node {
        std::uint32_t skip = 0;
        std::uint32_t tokens = 0;  ///< first of its tokens in token_ids(); the next node's `tokens` ends them
        std::uint32_t depth = 0;   ///< bytes from the root, from 1
        std::uint8_t byte = 0;
    };

    explicit TokenTrie(const Tokenizer& tokenizer);

    int size() const { return size_; }
    /// With a closing node at the end that only bounds the last one's tokens.
    std::span<const Node> nodes() const { return nodes_; }
    std::span<const int> token_ids() const { return token_ids_; }
    std::span<const int> end_tokens() const { return end_tokens_; }
    std::uint32_t max_depth() const { return max_depth_; }
    /// Empty for tokens that no text contains.
    std::string_view token_bytes(int id) const;
    bool is_end(int id) const;

  private:
    int size_ = 0;
    std::vector<Node> nodes_;
    std::vector<int> token_ids_;
    std::vector<int> end_tokens_;
    std::uint32_t max_depth_ = 0;
    std::string bytes_;
    std::vector<std::size_t> offsets_;
};

}  // namespace hearth::llm
