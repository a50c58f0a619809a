#include "retrieval/distances.h"

#include <algorithm>
#include <cmath>

#include "core/cpu.h"

namespace hearth::retrieval {

std::vector<DistanceKernels> usable_distance_kernels() {
    std::vector<DistanceKernels> kernels{generic_distance_kernels()};
#if defined(__x86_64__)
    if (cpu_features().avx2) kernels.push_back(avx2_distance_kernels());
    if (cpu_features().avx512) kernels.push_back(avx512_distance_kernels());
    if (cpu_features().avx512_vnni) kernels.push_back(avx512_vnni_distance_kernels());
#elif defined(__aarch64__)
    if (cpu_features().neon_dotprod) kernels.push_back(neon_distance_kernels());
#endif
    return kernels;
}

const DistanceKernels& distance_kernels() {
    static const DistanceKernels best = usable_distance_kernels().back();
    return best;
}

Int8Summary quantize_int8(std::span<const float> values, std::int8_t* codes) {
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::fabs(value));
    Int8Summary summary;
    summary.scale = largest / 127.0f;
    const float inverse = largest > 0 ? 127.0f / largest : 0.0f;
    double error = 0;
    double length = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        codes[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(values[i] * inverse), -127.0f, 127.0f));
        const double back = static_cast<double>(summary.scale) * codes[i];
        error += (values[i] - back) * (values[i] - back);
        length += back * back;
    }
    // One part in a million covers the rounding of these sums and of the conversion to float.
    summary.error = static_cast<float>(std::sqrt(error) * (1 + 1e-6));
    summary.length = static_cast<float>(std::sqrt(length) * (1 + 1e-6));
    return summary;
}

}  // namespace hearth::retrieval
