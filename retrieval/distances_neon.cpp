// Compiled with the dot product instruction on; called only after the processor was asked.
#include <arm_neon.h>

#include "retrieval/distances.h"

namespace hearth::retrieval {
namespace {

float dot(const float* a, const float* b, std::size_t n) {
    float32x4_t sums[4] = {};
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (std::size_t j = 0; j < 4; ++j) {
            sums[j] = vfmaq_f32(sums[j], vld1q_f32(a + i + 4 * j), vld1q_f32(b + i + 4 * j));
        }
    }
    float sum = vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3])));
    for (; i < n; ++i) sum += a[i] * b[i];
    return sum;
}

std::int32_t dot_int8(const std::int8_t* a, const std::int8_t* b, std::size_t n) {
    int32x4_t sums[4] = {};
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        for (std::size_t j = 0; j < 4; ++j) {
            sums[j] = vdotq_s32(sums[j], vld1q_s8(a + i + 16 * j), vld1q_s8(b + i + 16 * j));
        }
    }
    std::int32_t sum = vaddvq_s32(vaddq_s32(vaddq_s32(sums[0], sums[1]), vaddq_s32(sums[2], sums[3])));
    for (; i < n; ++i) sum += static_cast<std::int32_t>(a[i]) * b[i];
    return sum;
}

void dot_int8_rows(const std::int8_t* query, const std::int8_t* rows, const std::int32_t*, std::size_t n,
                   std::size_t count, std::int32_t* out) {
    for (std::size_t r = 0; r < count; ++r) out[r] = dot_int8(query, rows + r * n, n);
}

constexpr DistanceKernels kKernels{"neon", dot, dot_int8_rows};

}  // namespace

const DistanceKernels& neon_distance_kernels() {
    return kKernels;
}

}  // namespace hearth::retrieval
