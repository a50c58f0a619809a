#include "llm/grammar_trie.h"

#include <algorithm>
#include <memory>

namespace hearth::llm {

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : size_(tokenizer.size()) {
    offsets_.reserve(static_cast<std::size_t>(size_) + 1);
    offsets_.push_back(0);
    for (int id = 0; id < size_; ++id) {
        if (tokenizer.is_end_of_generation(id)) {
            end_tokens_.push_back(id);
        } else {
            bytes_ += tokenizer.token_bytes(id);
        }
        offsets_.push_back(bytes_.size());
    }
    for (int id = 0; id < size_; ++id)
        if (!token_bytes(id).empty()) token_ids_.push_back(id);
    // string_view compares bytes as unsigned, so that equal prefixes come together.
    std::stable_sort(token_ids_.begin(), token_ids_.end(),
                     [this](int a, int b) { return token_bytes(a) < token_bytes(b); });

    std::vector<std::size_t> open;  // the nodes from the root to the last one
    std::string_view last;
    for (std::size_t place = 0; place < token_ids_.size(); ++place) {
        const std::string_view text = token_bytes(token_ids_[place]);
        const auto fork = std::mismatch(last.begin(), last.end(), text.begin(), text.end()).first;
        const auto common = static_cast<std::size_t>(fork - last.begin());
        for (; open.size() > common; open.pop_back())
            nodes_[open.back()].skip = static_cast<std::uint32_t>(nodes_.size());
        for (std::size_t depth = common; depth < text.size(); ++depth) {
            open.push_back(nodes_.size());
            nodes_.push_back({0, static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(depth + 1),
                              static_cast<std::uint8_t>(text[depth])});
        }
        max_depth_ = std::max(max_depth_, static_cast<std::uint32_t>(text.size()));
        last = text;
    }
    for (; !open.empty(); open.pop_back()) nodes_[open.back()].skip = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({0, static_cast<std::uint32_t>(token_ids_.size()), 0, 0});
}

std::string_view TokenTrie::token_bytes(int id) const {
    const auto at = static_cast<std::size_t>(id);
    return std::string_view(bytes_).substr(offsets_[at], offsets_[at + 1] - offsets_[at]);
}

bool TokenTrie::is_end(int id) const {
    return std::binary_search(end_tokens_.begin(), end_tokens_.end(), id);
}

std::shared_ptr<const TokenTrie> make_token_trie(const Tokenizer& tokenizer) {
    return std::make_shared<const TokenTrie>(tokenizer);
}

}  // namespace hearth::llm
