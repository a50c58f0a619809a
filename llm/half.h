// 16-bit floats as stored in model files, by integer arithmetic: no CPU feature is assumed here. Static, because files
// that are compiled for other instruction sets include this: the linker must not take their copy for everybody's.
#pragma once

#include <bit>
#include <cstdint>

namespace hearth::llm {

/// IEEE 754 binary16 to binary32, exact.
static inline float half_to_float(std::uint16_t half) noexcept {
    const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
    const std::uint32_t exponent = (half >> 10) & 0x1fu;
    const std::uint32_t mantissa = half & 0x3ffu;
    if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
    if (exponent == 0) {
        const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;  // subnormal: mantissa / 1024 * 2^-14
        return sign != 0 ? -magnitude : magnitude;
    }
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
}

/// binary32 to the nearest binary16, ties to even; NaN stays NaN, what is too large becomes infinity.
static inline std::uint16_t float_to_half(float value) noexcept {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const float magnitude = std::bit_cast<float>(bits & 0x7fffffffu);
    if (magnitude != magnitude) return static_cast<std::uint16_t>(sign | 0x7e00u);
    if (magnitude >= 65520.0f) return static_cast<std::uint16_t>(sign | 0x7c00u);
    if (magnitude < 0x1p-14f) {  // subnormal half: a multiple of 2^-24, rounded to nearest even by the addition
        const float shifted = magnitude + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    }
    const std::uint32_t m = std::bit_cast<std::uint32_t>(magnitude);
    const std::uint32_t rounded = m + 0xfffu + ((m >> 13) & 1u);
    return static_cast<std::uint16_t>(sign | ((rounded - (112u << 23)) >> 13));
}

/// bfloat16 to binary32, exact.
static inline float bfloat16_to_float(std::uint16_t bits) noexcept {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// binary32 to the nearest bfloat16, ties to even; NaN stays NaN.
static inline std::uint16_t float_to_bfloat16(float value) noexcept {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace hearth::llm
