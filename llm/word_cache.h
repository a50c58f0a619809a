// The ids of words that a text has had already: natural text repeats itself, hostile text must not fill the memory.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hearth::llm {

/// For one call. Borrows the words; the ids are found in the output itself, which only grows meanwhile.
class WordCache {
  public:
    static constexpr std::size_t kMaxWords = 1 << 15;

    /// Appends the ids of `word` as they came before, or those that `encode(word)` gives.
    template <typename Encode>
    void append(std::string_view word, std::vector<int>& ids, const Encode& encode) {
        const auto found = places_.find(word);
        if (found != places_.end()) {
            for (std::size_t i = 0; i < found->second.count; ++i) ids.push_back(ids[found->second.at + i]);
            return;
        }
        const std::vector<int>& fresh = encode(word);
        if (places_.size() < kMaxWords) places_.emplace(word, Place{ids.size(), fresh.size()});
        ids.insert(ids.end(), fresh.begin(), fresh.end());
    }

  private:
    struct Place {
        std::size_t at;
        std::size_t count;
    };
    std::unordered_map<std::string_view, Place> places_;
};

}  // namespace hearth::llm
