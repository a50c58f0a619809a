// What every test of llm/ops.h is run on: the reference and each CPU path this machine can run. What the processor
// lacks is skipped by name.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/cpu.h"
#include "llm/ops.h"

namespace hearth::llm::test {

using Floats = std::vector<float>;

constexpr float kFloatEpsilon = 1.1920929e-7f;

class Random {
  public:
    explicit Random(unsigned seed) : engine_(seed) {}
    float normal() { return normal_(engine_); }
    int below(int limit) { return static_cast<int>(engine_() % static_cast<unsigned>(limit)); }
    Floats normals(std::int64_t count, float scale = 1.0f) {
        Floats out(static_cast<std::size_t>(count));
        for (float& v : out) v = scale * normal();
        return out;
    }

  private:
    std::mt19937 engine_;
    std::normal_distribution<float> normal_;
};

/// A binary16 between 2^-8 and 2^-7 with random mantissa: a plausible block scale.
inline std::uint16_t random_scale(Random& random) {
    return static_cast<std::uint16_t>((7 << 10) | random.below(1024));
}

/// Random bytes of `type`, with scales that keep the weights around 0.1.
inline std::vector<std::byte> random_matrix(DType type, std::int64_t rows, std::int64_t cols, Random& random) {
    const DTypeGeometry g = geometry(type);
    const std::int64_t blocks = rows * cols / g.block;
    std::vector<std::byte> bytes(static_cast<std::size_t>(blocks) * g.bytes);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.below(256));
    for (std::int64_t b = 0; b < blocks; ++b) {
        std::byte* block = bytes.data() + static_cast<std::size_t>(b) * g.bytes;
        const auto put = [&](std::size_t at, std::uint16_t value) { std::memcpy(block + at, &value, sizeof value); };
        const float plain = 0.1f * random.normal();
        switch (type) {
            case DType::kF32:
                std::memcpy(block, &plain, sizeof plain);
                break;
            case DType::kF16:
                put(0, static_cast<std::uint16_t>(random_scale(random) | (random.below(2) << 15)));
                break;
            case DType::kBF16:
                put(0, static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(plain) >> 16));
                break;
            case DType::kQ4_1:
            case DType::kQ5_1:
                put(0, random_scale(random));
                put(2, 0x8000 | random_scale(random));
                break;
            case DType::kQ4_K:
            case DType::kQ5_K:
                put(0, random_scale(random) - (5 << 10));
                put(2, random_scale(random) - (5 << 10));
                break;
            case DType::kQ6_K:
                put(208, random_scale(random) - (6 << 10));
                break;
            default:
                put(0, random_scale(random));
                break;
        }
    }
    return bytes;
}

inline constexpr DType kTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16, DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,
                                   DType::kQ5_1, DType::kQ8_0, DType::kQ4_K, DType::kQ5_K, DType::kQ6_K};

struct Expected {
    double value = 0;
    double tolerance = 0;
};

class OpsTest : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        const std::string isa = GetParam();
        if (isa == "reference") {
            ops_ = make_reference_ops();
            return;
        }
        auto made = make_cpu_ops(2, isa);
        if (!made.ok() && made.error().code == ErrorCode::kUnsupported) GTEST_SKIP() << made.error().message;
        ASSERT_TRUE(made.ok()) << made.error().message;
        ops_ = std::move(made).value();
    }
    bool is_reference() const { return std::string(GetParam()) == "reference"; }

    std::unique_ptr<Ops> ops_;
};

inline const auto kOpsPaths = testing::Values("reference", "generic", "avx2", "avx512-vnni", "avx512-bf16", "amx",
                                              "amx-model", "neon-dotprod", "neon-i8mm");

inline std::string path_name(const testing::TestParamInfo<const char*>& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

}  // namespace hearth::llm::test
