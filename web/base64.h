// Base64 (RFC 4648, with padding): encoding only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

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

}  // namespace hearth::web
