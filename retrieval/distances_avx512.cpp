// Compiled with -mavx512f -mavx512bw -mavx512vl -mavx512dq; called only after the processor was asked.
#include <immintrin.h>

#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

float dot(const float* a, const float* b, std::size_t n) {
    __m512 sum0 = _mm512_setzero_ps();
    __m512 sum1 = _mm512_setzero_ps();
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        sum0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i), sum0);
        sum1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16), _mm512_loadu_ps(b + i + 16), sum1);
    }
    for (; i < n; i += 16) {
        const std::size_t left = n - i;
        const auto mask = static_cast<__mmask16>(left >= 16 ? 0xFFFFu : (1u << left) - 1u);
        sum0 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a + i), _mm512_maskz_loadu_ps(mask, b + i), sum0);
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(sum0, sum1));
}

/// 32 bytes widened to 16 bits: without VNNI this needs no sign trick and cannot saturate.
__m512i widen(const std::int8_t* bytes) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)));
}

std::int32_t dot_int8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
    __m512i sum0 = _mm512_setzero_si512();
    __m512i sum1 = _mm512_setzero_si512();
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        sum0 = _mm512_add_epi32(sum0, _mm512_madd_epi16(widen(a + i), widen(b + i)));
        sum1 = _mm512_add_epi32(sum1, _mm512_madd_epi16(widen(a + i + 32), widen(b + i + 32)));
    }
    std::int32_t sum = _mm512_reduce_add_epi32(_mm512_add_epi32(sum0, sum1));
    for (; i < n; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
    return sum;
}

void dot_int8_rows(const std::int8_t* query, const std::int8_t* rows, const std::int32_t*, std::size_t n,
                   std::size_t count, std::int32_t* out) {
    for (std::size_t r = 0; r < count; ++r) out[r] = dot_int8(query, rows + r * n, n);
}

constexpr DistanceKernels kKernels{"avx512", dot, dot_int8_rows};

}  // namespace

const DistanceKernels& avx512_distance_kernels() {
    return kKernels;
}

}  // namespace hearth::retrieval
