#include <cmath>
#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "llm/half.h"
#include "llm/ops.h"

namespace hearth::llm {
namespace {

std::vector<std::byte> from_hex(const std::string& hex) {
    std::vector<std::byte> out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out.push_back(static_cast<std::byte>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16)));
    return out;
}

TEST(Dequantize, AgreesWithTheGgufPackage) {
    auto text = read_file(std::string(HEARTH_SOURCE_DIR) + "/tests/golden/dequantize.json", 1 << 20);
    ASSERT_TRUE(text.ok());
    const auto cases = parse_json(text.value());
    ASSERT_TRUE(cases.ok());
    ASSERT_EQ(cases.value().size(), 8u);
    for (const auto& item : cases.value()) {
        const auto blocks = from_hex(item["blocks"]);
        const auto expected_bytes = from_hex(item["values"]);
        std::vector<float> expected(expected_bytes.size() / 4);
        std::memcpy(expected.data(), expected_bytes.data(), expected_bytes.size());
        std::vector<float> actual(expected.size());
        dequantize(static_cast<DType>(item["type"].get<int>()), blocks.data(), static_cast<std::int64_t>(actual.size()),
                   actual.data());
        float largest = 0;
        for (const float value : expected) largest = std::max(largest, std::abs(value));
        // Scale times quant plus offset: three roundings of the largest magnitude involved (a fused one differs).
        for (std::size_t i = 0; i < expected.size(); ++i)
            ASSERT_NEAR(actual[i], expected[i], 3 * 0x1p-24f * 2 * largest) << item["name"] << " element " << i;
    }
}

TEST(Half, WidensExactly) {
    EXPECT_EQ(half_to_float(0x0000), 0.0f);
    EXPECT_EQ(half_to_float(0x3c00), 1.0f);
    EXPECT_EQ(half_to_float(0xc000), -2.0f);
    EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
    EXPECT_EQ(half_to_float(0x0001), 0x1p-24f);
    EXPECT_EQ(half_to_float(0x83ff), -0x3ffp-24f);
    EXPECT_TRUE(std::isinf(half_to_float(0x7c00)));
    EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
    EXPECT_EQ(bfloat16_to_float(0x3f80), 1.0f);
}

TEST(Dequantize, WidensF16AndBf16AndCopiesF32) {
    const std::uint16_t halves[2] = {0x3c00, 0xc000};
    float out[2];
    dequantize(DType::kF16, reinterpret_cast<const std::byte*>(halves), 2, out);
    EXPECT_EQ(out[1], -2.0f);
    const std::uint16_t brains[2] = {0x3f80, 0xbf80};
    dequantize(DType::kBF16, reinterpret_cast<const std::byte*>(brains), 2, out);
    EXPECT_EQ(out[1], -1.0f);
    const float plain[2] = {3.5f, -4.25f};
    dequantize(DType::kF32, reinterpret_cast<const std::byte*>(plain), 2, out);
    EXPECT_EQ(out[1], -4.25f);
}

}  // namespace
}  // namespace hearth::llm
