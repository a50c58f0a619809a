// Base64 (RFC 4648, with padding).
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hearth::web {

inline std::string base64_encode(std::span<const std::byte> bytes) {
    constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8 | (j < have ? std::to_integer<unsigned>(bytes[i + j]) : 0u);
        }
        for (std::size_t j = 0; j < 4; ++j) out.push_back(j <= have ? kAlphabet[group >> (18 - 6 * j) & 63] : '=');
    }
    return out;
}

/// Empty for anything but whole groups of the alphabet with right padding.
inline std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const auto value = [](char c) {
        if (c >= 'A' && c <= 'Z') return c - 'A';
        if (c >= 'a' && c <= 'z') return c - 'a' + 26;
        if (c >= '0' && c <= '9') return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
    };
    std::string out;
    out.reserve(text.size() / 4 * 3);
    unsigned group = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int bits = i < text.size() - padding ? value(text[i]) : 0;
        if (bits < 0) return std::nullopt;
        group = group << 6 | static_cast<unsigned>(bits);
        if (i % 4 != 3) continue;
        for (const int shift : {16, 8, 0}) out.push_back(static_cast<char>(group >> shift & 0xFF));
        group = 0;
    }
    out.resize(out.size() - padding);
    return out;
}

}  // namespace hearth::web
