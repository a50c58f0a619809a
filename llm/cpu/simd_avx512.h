// The SIMD wrapper for AVX-512 F/BW/VL/DQ + VNNI: simd_avx2.h with 16 lanes and a dot instruction that adds into 32
// bits. See there for what each operation means.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "llm/cpu/simd_avx2.h"

namespace hearth::llm::cpu {
namespace {

struct Avx512 {
    static constexpr const char* kName = "avx512-vnni";
    static constexpr int kLanes = 16;
    static constexpr int kFloatColumns = 8;
    using F = __m512;
    using Q = __m512i;
    using A = __m512i;

    static F zero() { return _mm512_setzero_ps(); }
    static F set1(float a) { return _mm512_set1_ps(a); }
    static F load(const float* p) { return _mm512_loadu_ps(p); }
    static void store(float* p, F a) { _mm512_storeu_ps(p, a); }
    static F load_f16(const std::uint16_t* p) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    }
    static F load_i8(const std::int8_t* p) {
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
    }
    static void store_f16(std::uint16_t* p, F a) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
    }
    static F add(F a, F b) { return _mm512_add_ps(a, b); }
    static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
    static F div(F a, F b) { return _mm512_div_ps(a, b); }
    static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
    static F max(F a, F b) { return _mm512_max_ps(a, b); }
    static F min(F a, F b) { return _mm512_min_ps(a, b); }
    static F round(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    static F times_power(F a, F n) { return _mm512_scalef_ps(a, n); }

    struct Pair {
        F even, odd;
    };
    static Pair set1_pair(const std::byte* two) {
        const __m512i both = four(reinterpret_cast<const std::int8_t*>(two));
        return {even_of(both), odd_of(both)};
    }
    static F dot_pairs(F total, Q w, Pair x) { return fma(odd_of(w), x.odd, fma(even_of(w), x.even, total)); }

    static float sum(F a) { return _mm512_reduce_add_ps(a); }
    static float highest(F a) { return _mm512_reduce_max_ps(a); }

    static Q load_q(const std::byte* p) { return _mm512_loadu_si512(p); }
    template <int kShift>
    static Q shift_and(Q a, int mask) {
        if constexpr (kShift > 0) a = _mm512_srli_epi16(a, kShift);
        if constexpr (kShift < 0) a = _mm512_slli_epi16(a, -kShift);
        return _mm512_and_si512(a, _mm512_set1_epi8(static_cast<char>(mask)));
    }
    static Q or_q(Q a, Q b) { return _mm512_or_si512(a, b); }

    static Q set1_q(int value) { return _mm512_set1_epi8(static_cast<char>(value)); }
    static Q sub_q(Q a, Q b) { return _mm512_sub_epi8(a, b); }

    static std::int32_t pack_sums(int first_pair, int second_pair) { return -(first_pair + second_pair); }
    static A start(const std::int32_t* sums, int shift) { return _mm512_slli_epi32(_mm512_set1_epi32(*sums), shift); }
    static A start_zero() { return _mm512_setzero_si512(); }
    static A dot(A a, Q w, const std::int8_t* x) { return _mm512_dpbusd_epi32(a, w, four(x)); }
    static F finish(A a) { return _mm512_cvtepi32_ps(a); }

    // Signed weights become unsigned by +128 (the top bit flipped), taken back by the start value.
    static A start_signed(const std::int32_t* sums) { return start(sums, 7); }
    static A dot_signed(A a, Q w, const std::int8_t* x) {
        return _mm512_dpbusd_epi32(a, _mm512_xor_si512(w, _mm512_set1_epi8(static_cast<char>(0x80))), four(x));
    }
    static F finish_signed(A a) { return _mm512_cvtepi32_ps(a); }

    static float quantize_block(const float* x, std::int8_t* q) { return Avx2::quantize_block(x, q); }
    static void pair_sums(const std::int8_t* q, std::int32_t (&pairs)[2][2]) { Avx2::pair_sums(q, pairs); }

  private:
    static F even_of(__m512i pairs) { return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16)); }
    static F odd_of(__m512i pairs) {
        return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xffff0000u))));
    }
    static __m512i four(const std::int8_t* x) {
        std::int32_t word;
        __builtin_memcpy(&word, x, sizeof word);
        return _mm512_set1_epi32(word);
    }
};

}  // namespace
}  // namespace hearth::llm::cpu
