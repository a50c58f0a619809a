// A small vocabulary for tests: every byte, given pieces, two control tokens of which the second ends a generation.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llm/tokenizer.h"

namespace hearth::llm {

/// Ids: 0..255 the bytes, then the pieces in their order, then control(), then end().
class FakeTokenizer final : public Tokenizer {
  public:
    explicit FakeTokenizer(const std::vector<std::string>& pieces = {}) {
        for (int b = 0; b < 256; ++b) tokens_.emplace_back(1, static_cast<char>(b));
        tokens_.insert(tokens_.end(), pieces.begin(), pieces.end());
    }

    /// Longest match first.
    std::vector<int> encode(std::string_view text, bool) const override {
        std::vector<int> ids;
        while (!text.empty()) {
            int best = static_cast<unsigned char>(text[0]);
            for (int id = 256; id < control(); ++id) {
                const std::string& token = tokens_[static_cast<std::size_t>(id)];
                if (text.starts_with(token) && token.size() > tokens_[static_cast<std::size_t>(best)].size()) best = id;
            }
            ids.push_back(best);
            text.remove_prefix(tokens_[static_cast<std::size_t>(best)].size());
        }
        return ids;
    }
    std::vector<int> encode(const std::vector<PromptSegment>& segments) const override {
        std::vector<int> ids;
        for (const PromptSegment& segment : segments) {
            const std::vector<int> part = encode(segment.text, segment.allow_special);
            ids.insert(ids.end(), part.begin(), part.end());
        }
        return ids;
    }
    std::string_view token_bytes(int id) const override {
        return id < control() ? std::string_view(tokens_[static_cast<std::size_t>(id)]) : std::string_view();
    }
    std::string_view token_text(int id) const override {
        if (id == control()) return "<|control|>";
        return id == end() ? "<|end|>" : token_bytes(id);
    }
    int special_token(std::string_view text) const override {
        if (text == "<|control|>") return control();
        return text == "<|end|>" ? end() : -1;
    }
    bool is_end_of_generation(int id) const override { return id == end(); }
    int size() const override { return static_cast<int>(tokens_.size()) + 2; }

    int control() const { return static_cast<int>(tokens_.size()); }
    int end() const { return control() + 1; }

  private:
    std::vector<std::string> tokens_;
};

}  // namespace hearth::llm
