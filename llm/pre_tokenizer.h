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
    kLlama3,  ///< kQwen2 with \p{N}{1,3}
    /// kQwen2 with [^\r\n\p{L}\p{N}]?U*L+|[^\r\n\p{L}\p{N}]?U+L* for letters and [\r\n/]* behind other signs, without
    /// (?i:'s|…); U is [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], L is [\p{Ll}\p{Lm}\p{Lo}\p{M}] (Mistral's Tekken)
    kTekken,
    kGpt4o,  ///< kTekken with (?i:'s|…)? behind letters and \p{N}{1,3}
};

/// How a family's files are cut and joined.
struct WordRules {
    PreTokenizer kind = PreTokenizer::kGpt2;
    bool whole_words = false;  ///< a word that is a token is that token, whatever its merges would give
    bool adds_bos = false;     ///< where the file does not say
};

/// GGUF `tokenizer.ggml.pre` to the rules; kUnsupported lists the names that are known.
Result<WordRules> word_rules_by_name(std::string_view name);

/// Walks the words of one text. Their concatenation is the text, whatever its bytes are.
class WordScanner {
  public:
    WordScanner(PreTokenizer kind, std::string_view text) : kind_(kind), text_(text) {}
    /// The next word; empty at the end.
    std::string_view next();

  private:
    std::size_t gpt2_word() const;
    std::size_t qwen2_word() const;  // and those that differ from it in letters, digits and signs
    std::size_t letters() const;
    std::size_t digits(std::size_t at) const;
    std::size_t signs() const;
    std::size_t line_or_space_word() const;
    std::size_t space_word() const;
    std::size_t contraction(std::size_t at, bool any_case) const;

    PreTokenizer kind_;
    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t end_ = 0;  ///< of the stretch that words and their look-ahead stay inside
};

}  // namespace hearth::llm
