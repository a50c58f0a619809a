// The SIMD wrapper for AVX-512 with BF16: simd_avx512.h with the instruction that multiplies pairs of bfloat16.
#pragma once

#include "llm/cpu/simd_avx512.h"

namespace hearth::llm::cpu {
namespace {

struct Avx512Bf16 : Avx512 {
    static constexpr const char* kName = "avx512-bf16";
    using Pair = __m512i;
    static Pair set1_pair(const std::byte* two) {
        std::int32_t word;
        __builtin_memcpy(&word, two, sizeof word);
        return _mm512_set1_epi32(word);
    }
    static F dot_pairs(F total, Q w, Pair x) {
        return _mm512_dpbf16_ps(total, reinterpret_cast<__m512bh>(w), reinterpret_cast<__m512bh>(x));
    }
};

}  // namespace
}  // namespace hearth::llm::cpu
