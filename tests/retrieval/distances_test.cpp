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

TEST(DistanceKernels, Int8ProductsAreExactToTheExtremes) {
    std::mt19937 random(3);
    std::uniform_int_distribution<int> value(-127, 127);
    for (const DistanceKernels& kernels : usable_distance_kernels()) {
        for (const std::size_t n : {1, 31, 32, 63, 64, 65, 384, 4096}) {
            for (std::size_t count = 0; count < 10; ++count) {
                // The first rows are the extremes, against a query of the same.
                std::vector<std::int8_t> query(n, count % 2 == 0 ? 127 : -127), rows;
                std::vector<std::int32_t> sums, expected;
                for (std::size_t r = 0; r < count; ++r) {
                    std::int32_t sum = 0, product = 0;
                    for (std::size_t i = 0; i < n; ++i) {
                        rows.push_back(static_cast<std::int8_t>(r == 0 ? -127 : r == 1 ? 127 : value(random)));
                        sum += rows.back();
                        product += static_cast<std::int32_t>(rows.back()) * query[i];
                    }
                    sums.push_back(sum);
                    expected.push_back(product);
                }
                std::vector<std::int32_t> out(count);
                kernels.dot_int8_rows(query.data(), rows.data(), sums.data(), n, count, out.data());
                EXPECT_EQ(out, expected) << kernels.isa << " " << n << " x " << count;
            }
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
