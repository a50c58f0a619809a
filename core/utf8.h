// UTF-8 by RFC 3629: decoding, validation, boundaries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hearth {

constexpr char32_t kReplacementCharacter = 0xFFFD;

/// One decoded code point: `length` bytes consumed (1 and U+FFFD for an invalid byte, so decoding always advances).
struct DecodedCodePoint {
    char32_t value = kReplacementCharacter;
    std::size_t length = 1;
    bool valid = false;
};

/// Decodes the code point at `offset` < text.size(). Rejects overlong forms, surrogates and values over U+10FFFF.
DecodedCodePoint decode_utf8(std::string_view text, std::size_t offset) noexcept;

void append_utf8(std::string& out, char32_t code_point);

bool is_valid_utf8(std::string_view text) noexcept;

/// `text` with each invalid byte replaced by U+FFFD.
std::string sanitize_utf8(std::string_view text);

/// Largest length <= `limit` that does not cut a code point.
std::size_t utf8_floor(std::string_view text, std::size_t limit) noexcept;

/// Length of the prefix that holds only whole code points: the rest may be completed by later bytes.
std::size_t utf8_complete_prefix(std::string_view text) noexcept;

}  // namespace hearth
