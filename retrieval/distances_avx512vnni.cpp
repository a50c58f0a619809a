// Compiled with -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni; called only after the processor was asked.
#include <immintrin.h>

#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

constexpr std::size_t kRows = 4;

__mmask64 first_bytes(std::size_t count) {
    return count >= 64 ? ~__mmask64{0} : (__mmask64{1} << count) - 1;
}

/// The sums of the four registers' lanes, one a lane.
__m128i sum_each(const __m512i (&sums)[kRows]) {
    __m128i part[kRows];
    for (std::size_t r = 0; r < kRows; ++r) {
        const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sums[r]), _mm512_extracti64x4_epi64(sums[r], 1));
        part[r] = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    }
    return _mm_hadd_epi32(_mm_hadd_epi32(part[0], part[1]), _mm_hadd_epi32(part[2], part[3]));
}

/// The instruction takes an unsigned and a signed factor: the query is moved up by 128, which adds 128 times a row's
/// sum. A lane holds at most 255 x 127 x n / 16.
void dot_int8_rows(const std::int8_t* query, const std::int8_t* rows, const std::int32_t* sums, std::size_t n,
                   std::size_t count, std::int32_t* out) {
    const __m512i up = _mm512_set1_epi8(static_cast<char>(0x80));
    for (std::size_t first = 0; first < count; first += kRows) {
        const std::size_t real = count - first < kRows ? count - first : kRows;
        const std::int8_t* row[kRows];
        for (std::size_t r = 0; r < kRows; ++r) row[r] = rows + (first + (r < real ? r : 0)) * n;
        __m512i products[kRows] = {};
        for (std::size_t i = 0; i < n; i += 64) {
            const __mmask64 mask = first_bytes(n - i);
            const __m512i q = _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, query + i), up);
            for (std::size_t r = 0; r < kRows; ++r) {
                products[r] = _mm512_dpbusd_epi32(products[r], q, _mm512_maskz_loadu_epi8(mask, row[r] + i));
            }
        }
        alignas(16) std::int32_t result[kRows];
        _mm_store_si128(reinterpret_cast<__m128i*>(result), sum_each(products));
        for (std::size_t r = 0; r < real; ++r) out[first + r] = result[r] - 128 * sums[first + r];
    }
}

}  // namespace

DistanceKernels avx512_vnni_distance_kernels() {
    return {"avx512vnni", avx512_distance_kernels().dot, dot_int8_rows};
}

}  // namespace hearth::retrieval
