#include "llm/quantize.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "llm/ops.h"

namespace hearth::llm {
namespace {

std::vector<float> round_trip(const std::vector<float>& x) {
    const auto count = static_cast<std::int64_t>(x.size());
    const auto blocks = quantize_q8_0(DType::kF32, reinterpret_cast<const std::byte*>(x.data()), count);
    std::vector<float> back(x.size());
    dequantize(DType::kQ8_0, blocks.data(), count, back.data());
    return back;
}

TEST(Quantize, IsOffByHalfAScaleAtMost) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0.0f, 0.05f);
    std::vector<float> x(32 * 64);
    for (float& value : x) value = normal(random);
    const std::vector<float> back = round_trip(x);
    for (std::size_t block = 0; block < x.size(); block += 32) {
        float top = 0;
        for (std::size_t i = block; i < block + 32; ++i) top = std::max(top, std::fabs(x[i]));
        const float scale = top / 127;
        for (std::size_t i = block; i < block + 32; ++i)
            EXPECT_LE(std::fabs(back[i] - x[i]), scale * (0.5f + 127 * 0x1p-11f)) << i;
    }
}

TEST(Quantize, KeepsZerosAndTinyBlocks) {
    std::vector<float> x(64, 0.0f);
    x[40] = 1e-30f;  // below float16: the block becomes zero, not infinite
    for (const float value : round_trip(x)) EXPECT_EQ(value, 0.0f);
}

}  // namespace
}  // namespace hearth::llm
