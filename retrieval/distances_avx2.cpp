// Compiled with -mavx2 -mfma; called only after the processor was asked.
#include <immintrin.h>

#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

float sum_lanes(__m256 value) {
    const __m128 half = _mm_add_ps(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
    const __m128 pair = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps(pair, pair, 1)));
}

float dot(const float* a, const float* b, std::size_t n) {
    __m256 sum0 = _mm256_setzero_ps();
    __m256 sum1 = _mm256_setzero_ps();
    __m256 sum2 = _mm256_setzero_ps();
    __m256 sum3 = _mm256_setzero_ps();
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
        sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), sum1);
        sum2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), sum2);
        sum3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), sum3);
    }
    float sum = sum_lanes(_mm256_add_ps(_mm256_add_ps(sum0, sum1), _mm256_add_ps(sum2, sum3)));
    for (; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

/// 32 products into 8 sums. |a| is at most 127, so a pair of products fits 16 bits and maddubs cannot saturate.
__m256i products(const std::int8_t* a, const std::int8_t* b) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a));
    const __m256i y = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b));
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(y, x));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

std::int32_t dot_int8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
    __m256i sum0 = _mm256_setzero_si256();
    __m256i sum1 = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        sum0 = _mm256_add_epi32(sum0, products(a + i, b + i));
        sum1 = _mm256_add_epi32(sum1, products(a + i + 32, b + i + 32));
    }
    const __m256i both = _mm256_add_epi32(sum0, sum1);
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
    std::int32_t sum = _mm_cvtsi128_si32(half);
    for (; i < n; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
    return sum;
}

void dot_int8_rows(const std::int8_t* query, const std::int8_t* rows, const std::int32_t*, std::size_t n,
                   std::size_t count, std::int32_t* out) {
    for (std::size_t r = 0; r < count; ++r) out[r] = dot_int8(query, rows + r * n, n);
}

constexpr DistanceKernels kKernels{"avx2", dot, dot_int8_rows};

}  // namespace

const DistanceKernels& avx2_distance_kernels() {
    return kKernels;
}

}  // namespace hearth::retrieval
