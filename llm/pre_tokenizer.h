// Cuts text into the words that byte-pair merges stay inside. Each kind is the regular expression of a model family,
// written out as a scanner: linear in the text, no backtracking, the same on every input.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/result.h"

namespace hearth::llm {

enum class PreTokenizer {
    kGpt2,    ///< 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    kDigits,  ///< every \p{N} by itself, then kGpt2 on what lies between (SmolLM, StarCoder)
    kQwen2,   ///< (?i:'s|…)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
};

/// GGUF `tokenizer.ggml.pre` to the scanner; kUnsupported lists the names that are known.
Result<PreTokenizer> pre_tokenizer_by_name(std::string_view name);

/// Walks the words of one text. Their concatenation is the text, whatever its bytes are.
class WordScanner {
  public:
    WordScanner(PreTokenizer kind, std::string_view text) : kind_(kind), text_(text) {}
    /// The next word; empty at the end.
    std::string_view next();

  private:
    std::size_t gpt2_word() const;
    std::size_t qwen2_word() const;
    std::size_t space_word() const;
    std::size_t contraction(bool any_case) const;

    PreTokenizer kind_;
    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t end_ = 0;  ///< of the stretch that words and their look-ahead stay inside
};

}  // namespace hearth::llm
