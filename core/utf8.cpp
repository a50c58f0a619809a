#include "core/utf8.h"

namespace hearth {
namespace {

/// Bytes that the lead byte announces; 0 for a byte that cannot lead.
std::size_t announced_length(unsigned char lead) noexcept {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if (lead >= 0xE0 && lead <= 0xEF) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

bool is_continuation(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

DecodedCodePoint decode_utf8(std::string_view text, std::size_t offset) noexcept {
    const auto lead = static_cast<unsigned char>(text[offset]);
    const std::size_t length = announced_length(lead);
    if (length == 1) return {lead, 1, true};
    if (length == 0 || offset + length > text.size()) return {};
    char32_t value = lead & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[offset + i])) return {};
        value = (value << 6) | (static_cast<unsigned char>(text[offset + i]) & 0x3Fu);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (overlong || surrogate || value > 0x10FFFF) return {};
    return {value, length, true};
}

void append_utf8(std::string& out, char32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xC0 | (c >> 6));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xE0 | (c >> 12));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (c >> 18));
        out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (c & 0x3F));
    }
}

bool is_valid_utf8(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        const auto point = decode_utf8(text, i);
        if (!point.valid) return false;
        i += point.length;
    }
    return true;
}

std::string sanitize_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        const auto point = decode_utf8(text, i);
        if (point.valid) {
            out.append(text.substr(i, point.length));
        } else {
            append_utf8(out, kReplacementCharacter);
        }
        i += point.length;
    }
    return out;
}

std::size_t utf8_floor(std::string_view text, std::size_t limit) noexcept {
    if (limit >= text.size()) return text.size();
    while (limit > 0 && is_continuation(text[limit])) --limit;
    return limit;
}

std::size_t utf8_complete_prefix(std::string_view text) noexcept {
    const std::size_t window = text.size() < 4 ? text.size() : 4;
    for (std::size_t back = 1; back <= window; ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0) == 0x80) continue;
        const std::size_t length = announced_length(byte);
        return length > back ? text.size() - back : text.size();
    }
    return text.size();
}

}  // namespace hearth
