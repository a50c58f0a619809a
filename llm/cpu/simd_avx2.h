// The SIMD wrapper for AVX2 + FMA + F16C. Included only by a source file compiled for that instruction set; internal
// linkage, so that the linker can never pick one of these functions for code that must run on an older processor.
//
// A wrapper has kLanes float lanes F, weight vectors Q (4 bytes of kLanes rows: one step of 4 columns) and integer
// accumulators A of a dot product with activations, one 32-bit group per row.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace hearth::llm::cpu {
namespace {

struct Avx2 {
    static constexpr const char* kName = "avx2";
    static constexpr int kLanes = 8;
    static constexpr int kFloatColumns = 4;
    using F = __m256;
    using Q = __m256i;
    using A = __m256i;

    static F zero() { return _mm256_setzero_ps(); }
    static F set1(float a) { return _mm256_set1_ps(a); }
    static F load(const float* p) { return _mm256_loadu_ps(p); }
    static void store(float* p, F a) { _mm256_storeu_ps(p, a); }
    static F load_f16(const std::uint16_t* p) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    }
    static F load_i8(const std::int8_t* p) {
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
    }
    static void store_f16(std::uint16_t* p, F a) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
    }
    static F add(F a, F b) { return _mm256_add_ps(a, b); }
    static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
    static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
    static F div(F a, F b) { return _mm256_div_ps(a, b); }
    static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }  ///< a * b + c
    static F max(F a, F b) { return _mm256_max_ps(a, b); }
    static F min(F a, F b) { return _mm256_min_ps(a, b); }
    static F abs(F a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
    static F round(F a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
    /// a * 2^n of whole numbers n, which may be cut to [-126, 127].
    static F times_power(F a, F n) {
        n = min(max(n, set1(-126.0f)), set1(127.0f));
        const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
        return mul(a, _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23)));
    }

    // Pairs of bfloat16: weights of two neighbouring columns of every row, against two values of one token.
    struct Pair {
        F even, odd;
    };
    static Pair set1_pair(const std::byte* two) {
        std::uint32_t word;
        __builtin_memcpy(&word, two, sizeof word);
        const __m256i both = _mm256_set1_epi32(static_cast<std::int32_t>(word));
        return {even_of(both), odd_of(both)};
    }
    static F dot_pairs(F total, Q w, Pair x) { return fma(odd_of(w), x.odd, fma(even_of(w), x.even, total)); }

    static float sum(F a) {
        __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        half = _mm_add_ps(half, _mm_movehl_ps(half, half));
        return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
    }
    static float highest(F a) {
        __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        half = _mm_max_ps(half, _mm_movehl_ps(half, half));
        return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
    }

    static Q load_q(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
    /// Every byte shifted right (kShift > 0) or left (< 0), then masked. `mask` must clear what a 16-bit shift drags
    /// across the byte border.
    template <int kShift>
    static Q shift_and(Q a, int mask) {
        if constexpr (kShift > 0) a = _mm256_srli_epi16(a, kShift);
        if constexpr (kShift < 0) a = _mm256_slli_epi16(a, -kShift);
        return _mm256_and_si256(a, _mm256_set1_epi8(static_cast<char>(mask)));
    }
    static Q or_q(Q a, Q b) { return _mm256_or_si256(a, b); }

    // Unsigned weights w of up to 6 bits: A holds 16-bit sums of column pairs. With the accumulator started at
    // -centre * sum(x), a lane ends at sum((w - centre) * x), at most 16 * 16 * 127 (5 bits, 32 columns) or
    // 8 * 32 * 127 (6 bits, 16 columns) = 32512 in size: it fits although sums on the way may wrap around.

    /// The activation sums start() reads, negated: those of bytes 0, 1 and of bytes 2, 3 of every 4-column step.
    static std::int32_t pack_sums(int first_pair, int second_pair) {
        return static_cast<std::int32_t>((static_cast<std::uint32_t>(-first_pair) & 0xffffu) |
                                         (static_cast<std::uint32_t>(-second_pair) << 16));
    }
    /// The negated sums times 2^shift.
    static A start(const std::int32_t* sums, int shift) {
        return keep(_mm256_slli_epi16(_mm256_set1_epi32(*sums), shift));
    }
    static A start_zero() { return _mm256_setzero_si256(); }
    static A dot(A a, Q w, const std::int8_t* x) { return keep(_mm256_add_epi16(a, _mm256_maddubs_epi16(w, four(x)))); }
    static F finish(A a) { return _mm256_cvtepi32_ps(_mm256_madd_epi16(a, _mm256_set1_epi16(1))); }

    // Signed 8-bit weights: |w| * (x with w's sign); pairs reach 2 * 128 * 127 = 32512, so each step is widened.
    static A start_signed(const std::int32_t*) { return _mm256_setzero_si256(); }
    static A dot_signed(A a, Q w, const std::int8_t* x) {
        const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(four(x), w));
        return keep(_mm256_add_epi32(a, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))));
    }
    static F finish_signed(A a) { return _mm256_cvtepi32_ps(a); }

    /// 32 floats to q = round(x / scale) in [-127, 127]; returns scale = max|x| / 127.
    static float quantize_block(const float* x, std::int8_t* q) {
        const F a = load(x), b = load(x + 8), c = load(x + 16), d = load(x + 24);
        const float top = highest(max(max(abs(a), abs(b)), max(abs(c), abs(d))));
        const F inverse = set1(top > 0.0f ? 127.0f / top : 0.0f);
        const __m256i ab = _mm256_packs_epi32(_mm256_cvtps_epi32(mul(a, inverse)), _mm256_cvtps_epi32(mul(b, inverse)));
        const __m256i cd = _mm256_packs_epi32(_mm256_cvtps_epi32(mul(c, inverse)), _mm256_cvtps_epi32(mul(d, inverse)));
        const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(ab, cd), order);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), bytes);
        return top / 127.0f;
    }

    /// Sums over each half of 32 quants of the first and of the second two bytes of every step: pairs[half][which].
    static void pair_sums(const std::int8_t* q, std::int32_t (&pairs)[2][2]) {
        const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(q));
        const __m256i sums = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);  // 16 pairs, step by step
        const __m256i first = _mm256_madd_epi16(sums, _mm256_set1_epi32(1));
        const __m256i second = _mm256_madd_epi16(sums, _mm256_set1_epi32(1 << 16));
        const __m256i both = _mm256_hadd_epi32(first, second);  // per half: first, first, second, second
        const __m256i all = _mm256_hadd_epi32(both, both);      // per half: first, second, first, second
        _mm_storel_epi64(reinterpret_cast<__m128i*>(pairs[0]), _mm256_castsi256_si128(all));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(pairs[1]), _mm256_extracti128_si256(all, 1));
    }

  private:
    static F even_of(__m256i pairs) { return _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16)); }
    static F odd_of(__m256i pairs) {
        return _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
    }
    /// Makes the sum exist here, in a register. Left alone, GCC 12 computes the products of a whole block first and
    /// adds them up later, from memory: half the speed.
    static A keep(A a) {
        asm("" : "+x"(a));
        return a;
    }
    static __m256i four(const std::int8_t* x) {
        std::int32_t word;
        __builtin_memcpy(&word, x, sizeof word);
        return _mm256_set1_epi32(word);
    }
};

}  // namespace
}  // namespace hearth::llm::cpu
