#include "retrieval/distances.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace hearth::retrieval {
namespace {

std::vector<float> random_vector(std::mt19937& random, std::size_t n) {
    std::normal_distribution<float> normal;
    std::vector<float> out(n);
    for (float& value : out) value = normal(random);
    return out;
}

TEST(DistanceKernels, EveryVariantAgreesWithDoublesAtEveryLength) {
    std::mt19937 random(1);
    for (const DistanceKernels& kernels : usable_distance_kernels()) {
        for (const std::size_t n : {0, 1, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 100, 384, 1000}) {
            const auto a = random_vector(random, n);
            const auto b = random_vector(random, n);
            double exact = 0;
            double magnitude = 0;
            for (std::size_t i = 0; i < n; ++i) {
                exact += static_cast<double>(a[i]) * b[i];
                magnitude += std::fabs(static_cast<double>(a[i]) * b[i]);
            }
            // n additions in any order are off by at most about n half-ulps of the sum of magnitudes.
            const double tolerance = static_cast<double>(n + 1) * 6e-8 * magnitude;
            EXPECT_NEAR(kernels.dot(a.data(), b.data(), n), exact, tolerance) << kernels.isa << " " << n;
        }
    }
}

TEST(DistanceKernels, Int8ProductsAreExactAtTheExtremes) {
    for (const DistanceKernels& kernels : usable_distance_kernels()) {
        for (const std::size_t n : {1, 31, 32, 63, 64, 65, 384, 4096}) {
            const std::vector<std::int8_t> low(n, -127);
            const std::vector<std::int8_t> high(n, 127);
            const auto expected = static_cast<std::int32_t>(n) * 127 * 127;
            EXPECT_EQ(kernels.dot_int8(high.data(), high.data(), n), expected) << kernels.isa;
            EXPECT_EQ(kernels.dot_int8(low.data(), high.data(), n), -expected) << kernels.isa;
            EXPECT_EQ(kernels.dot_int8(low.data(), low.data(), n), expected) << kernels.isa;
        }
    }
}

TEST(QuantizeInt8, ItsErrorBoundHolds) {
    std::mt19937 random(2);
    for (int round = 0; round < 50; ++round) {
        const auto values = random_vector(random, 384);
        std::vector<std::int8_t> codes(values.size());
        const Int8Summary summary = quantize_int8(values, codes.data());
        double error = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double difference = values[i] - static_cast<double>(summary.scale) * codes[i];
            error += difference * difference;
        }
        EXPECT_LE(std::sqrt(error), summary.error);
    }
    std::int8_t code[3];
    EXPECT_EQ(quantize_int8(std::vector<float>(3, 0.0f), code).error, 0);
}

}  // namespace
}  // namespace hearth::retrieval
