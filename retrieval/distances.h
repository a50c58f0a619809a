// Inner products for the vector scan, in the widest form the processor has.
//
// Two kinds: float32 for the scores that are returned, and int8 as a four times smaller first look at every vector.
// The int8 product is an exact integer, so every variant gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hearth::retrieval {

struct DistanceKernels {
    const char* isa;  ///< "generic", "avx2", "avx512", "avx512vnni", "neon"
    float (*dot)(const float* a, const float* b, std::size_t n);
    /// out[r] = query . row r, for `count` rows of n values one behind the other; sums[r] is the sum of row r. Values
    /// in -127 .. 127, n <= 60,000: the int32 sum cannot overflow.
    void (*dot_int8_rows)(const std::int8_t* query, const std::int8_t* rows, const std::int32_t* sums, std::size_t n,
                          std::size_t count, std::int32_t* out);
};

/// The best this processor runs. Chosen once.
const DistanceKernels& distance_kernels();

/// Every variant this processor runs, "generic" first: what the tests compare.
std::vector<DistanceKernels> usable_distance_kernels();

const DistanceKernels& generic_distance_kernels();
#if defined(__x86_64__)
const DistanceKernels& avx2_distance_kernels();
const DistanceKernels& avx512_distance_kernels();
DistanceKernels avx512_vnni_distance_kernels();
#elif defined(__aarch64__)
const DistanceKernels& neon_distance_kernels();
#endif

/// A vector in int8: value[i] is about scale * code[i]. `error` >= the length of the difference, `length` >= the
/// length of scale * code; both bound what a product of codes can be off by (Cauchy-Schwarz).
struct Int8Summary {
    float scale = 0;
    float error = 0;
    float length = 0;
};

/// Writes values.size() codes to `codes`. Values must be finite.
Int8Summary quantize_int8(std::span<const float> values, std::int8_t* codes);

}  // namespace hearth::retrieval
