#include "llm/quantize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/check.h"
#include "llm/half.h"
#include "llm/ops.h"

namespace hearth::llm {
namespace {

constexpr int kBlock = 32;

void quantize_block(const float (&x)[kBlock], std::byte* out) {
    float top = 0.0f;
    for (const float value : x) top = std::max(top, std::fabs(value));
    const std::uint16_t scale = float_to_half(top / 127.0f);
    const float step = half_to_float(scale);
    std::memcpy(out, &scale, sizeof scale);
    for (int i = 0; i < kBlock; ++i) {
        const float level = step > 0.0f ? std::nearbyint(x[i] / step) : 0.0f;
        out[sizeof scale + static_cast<std::size_t>(i)] =
            static_cast<std::byte>(static_cast<std::int8_t>(std::clamp(level, -127.0f, 127.0f)));
    }
}

}  // namespace

std::vector<std::byte> quantize_q8_0(DType type, const std::byte* elements, std::int64_t count) {
    HEARTH_CHECK(count % kBlock == 0);
    const std::size_t element_bytes = geometry(type).bytes, block_bytes = geometry(DType::kQ8_0).bytes;
    std::vector<std::byte> out(static_cast<std::size_t>(count / kBlock) * block_bytes);
    float x[kBlock];
    for (std::int64_t b = 0; b < count / kBlock; ++b) {
        dequantize(type, elements + static_cast<std::size_t>(b) * kBlock * element_bytes, kBlock, x);
        quantize_block(x, out.data() + static_cast<std::size_t>(b) * block_bytes);
    }
    return out;
}

std::vector<std::byte> round_to_bfloat16(DType type, const std::byte* elements, std::int64_t count) {
    std::vector<float> x(static_cast<std::size_t>(count));
    dequantize(type, elements, count, x.data());
    std::vector<std::byte> out(x.size() * sizeof(std::uint16_t));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::uint16_t rounded = float_to_bfloat16(x[i]);
        std::memcpy(out.data() + i * sizeof rounded, &rounded, sizeof rounded);
    }
    return out;
}

}  // namespace hearth::llm
