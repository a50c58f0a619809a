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

    // For the tile kernels.
    static void store_bf16(std::uint16_t* p, F a) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(a)));
    }
    /// Each lane's four signed bytes times scale plus minimum: the first two of all lanes as pairs at p, then the
    /// others.
    static void store_pairs(std::byte* p, Q w, F scale, F minimum) {
        const F shrunk = mul(scale, set1(0x1p-24f));
        const auto value = [&](__m512i in_top_byte) {
            const __m512i alone = _mm512_and_si512(in_top_byte, _mm512_set1_epi32(static_cast<int>(0xff000000u)));
            return fma(_mm512_cvtepi32_ps(alone), shrunk, minimum);
        };
        store_interleaved(p, value(_mm512_slli_epi32(w, 24)), value(_mm512_slli_epi32(w, 16)));
        store_interleaved(p + 64, value(_mm512_slli_epi32(w, 8)), value(w));
    }
    /// Lane by lane a pair.
    static void store_interleaved(std::byte* p, F even, F odd) {
        alignas(64) static constexpr std::uint16_t kOrder[] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                               21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                               11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
        const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
        _mm512_storeu_si512(p, _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), halves));
    }
};

}  // namespace
}  // namespace hearth::llm::cpu
