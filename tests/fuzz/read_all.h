// Reads memory that a parser handed out, so that AddressSanitizer sees every byte of it.
#pragma once

#include <cstddef>
#include <span>

#include "core/check.h"

namespace hearth::fuzz {

inline void read_all(std::span<const std::byte> bytes) {
    std::size_t ones = 0;
    for (const std::byte byte : bytes) ones += std::to_integer<unsigned>(byte) & 1u;
    HEARTH_CHECK(ones <= bytes.size());
}

}  // namespace hearth::fuzz
