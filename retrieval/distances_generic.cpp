#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

float dot(const float* a, const float* b, std::size_t n) {
    // Eight independent sums: the compiler may keep them in vector registers without reordering anything.
    float sums[8] = {};
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
    }
    for (; i < n; ++i) sums[0] += a[i] * b[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

std::int32_t dot_int8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
    return sum;
}

void dot_int8_rows(const std::int8_t* query, const std::int8_t* rows, const std::int32_t*, std::size_t n,
                   std::size_t count, std::int32_t* out) {
    for (std::size_t r = 0; r < count; ++r) out[r] = dot_int8(query, rows + r * n, n);
}

constexpr DistanceKernels kKernels{"generic", dot, dot_int8_rows};

}  // namespace

const DistanceKernels& generic_distance_kernels() {
    return kKernels;
}

}  // namespace hearth::retrieval
