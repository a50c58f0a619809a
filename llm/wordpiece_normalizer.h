// BERT's clean-up of text, character by character: what a code point of the input becomes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hearth::llm {

/// The settings of a tokenizer.json's BertNormalizer.
struct BertNormalizer {
    bool clean_text = true;
    bool handle_chinese_chars = true;
    bool strip_accents = true;
    bool lowercase = true;
};

/// What one code point turned into.
struct NormalizedGlyph {
    enum class Kind {
        kRemoved,
        kSpace,   ///< ends a word
        kSingle,  ///< a word by itself: punctuation, an ideograph
        kLetter,  ///< part of a word
    };
    Kind kind = Kind::kRemoved;
    std::size_t length = 1;  ///< bytes of input
    std::string text;        ///< UTF-8; several code points where one decomposes (Hangul)
};

/// Reads the code point at `offset` < text.size().
NormalizedGlyph normalize_glyph(const BertNormalizer& settings, std::string_view text, std::size_t offset);

/// The same for an ASCII byte, without the strings: its kind, and the byte it becomes.
struct NormalizedByte {
    NormalizedGlyph::Kind kind;
    char byte;
};
NormalizedByte normalize_ascii(const BertNormalizer& settings, unsigned char byte);

}  // namespace hearth::llm
