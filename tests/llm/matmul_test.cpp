// Matrix products of every weight type on every path. Expected values are computed here in double over dequantised
// weights.

#include "llm/ops_fixture.h"

namespace hearth::llm {
namespace {

using namespace test;

enum class Rounding { kNone, kInt8, kBfloat16, kBothBfloat16 };
constexpr Phase kPhases[] = {Phase::kDecode, Phase::kPrefill};

/// y = w . x with what a path that rounds activations may differ by. Activations are rounded to max|x| / 127 per 32
/// columns: each error is uniform in +-half a step, so the sum has standard deviation sqrt(sum w^2 step^2 / 12); six of
/// them are allowed. Scales and minima may be held in binary16 (relative 2^-11 of every term; 2 for a scale and a
/// minimum apart, whose terms are at most 3 times the weight in the random matrices used here); sums are float32.
/// Rounded to bfloat16, each term errs by at most 2^-8 of itself, uniformly: again six standard deviations; times the
/// square root of two where the weights are rounded too, beside the binary16 of their scales.
Expected expect_dot(const float* w, const float* x, std::int64_t cols, Rounding rounding_of_x) {
    double value = 0, variance = 0, size = 0, term_squares = 0;
    for (std::int64_t b = 0; b < cols; b += 32) {
        const std::int64_t end = std::min(cols, b + 32);
        double top = 0, squares = 0;
        for (std::int64_t k = b; k < end; ++k) {
            value += static_cast<double>(w[k]) * x[k];
            size += std::fabs(static_cast<double>(w[k]) * x[k]);
            term_squares += std::pow(static_cast<double>(w[k]) * x[k], 2);
            top = std::max(top, std::fabs(static_cast<double>(x[k])));
            squares += static_cast<double>(w[k]) * w[k];
        }
        variance += squares * (top / 127) * (top / 127) / 12;
    }
    const double rounding = 2 * kFloatEpsilon * std::sqrt(static_cast<double>(cols)) * size;
    if (rounding_of_x == Rounding::kNone) return {value, rounding + 1e-30};
    if (rounding_of_x == Rounding::kBfloat16) return {value, 6 * std::sqrt(term_squares / 3) / 256 + rounding + 1e-30};
    const double scales = 6 * size / 2048 / std::sqrt(static_cast<double>(cols) / 32);
    if (rounding_of_x == Rounding::kBothBfloat16)
        return {value, 6 * std::sqrt(2 * term_squares / 3) / 256 + scales + rounding};
    return {value, 6 * std::sqrt(variance) + scales + rounding};
}

class MatmulTest : public OpsTest {
  protected:
    void check_matmul(DType type, std::int64_t rows, std::int64_t cols, std::int64_t n, Phase phase);

    Rounding rounding_of(DType type, Phase phase) const {
        if (is_reference()) return Rounding::kNone;
        if (type == DType::kBF16) return Rounding::kBfloat16;
        if (geometry(type).block == 1) return Rounding::kNone;
        return phase == Phase::kPrefill && ops_->phases_differ() ? Rounding::kBothBfloat16 : Rounding::kInt8;
    }
};

void MatmulTest::check_matmul(DType type, std::int64_t rows, std::int64_t cols, std::int64_t n, Phase phase) {
    Random random(static_cast<unsigned>(rows * 131 + cols * 7 + n));
    const auto bytes = random_matrix(type, rows, cols, random);
    Floats weights(static_cast<std::size_t>(rows * cols));
    dequantize(type, bytes.data(), rows * cols, weights.data());
    const Floats x = random.normals(n * cols), bias = random.normals(rows);
    auto loaded = ops_->load({type, rows, cols, bytes});
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ((*loaded)->rows(), rows);
    EXPECT_EQ((*loaded)->cols(), cols);
    Floats y(static_cast<std::size_t>(n * rows), NAN), plain(y), gelu(y);
    const MatmulTask tasks[] = {{loaded->get(), bias.data(), y.data()},
                                {loaded->get(), nullptr, plain.data()},
                                {loaded->get(), bias.data(), gelu.data(), Activation::kGelu}};
    ops_->matmul(x.data(), n, tasks, phase);
    const Rounding rounding = rounding_of(type, phase);
    for (std::int64_t t = 0; t < n; ++t) {
        for (std::int64_t r = 0; r < rows; ++r) {
            const Expected e = expect_dot(weights.data() + r * cols, x.data() + t * cols, cols, rounding);
            const auto i = static_cast<std::size_t>(t * rows + r);
            ASSERT_NEAR(plain[i], e.value, e.tolerance)
                << geometry(type).name << " " << rows << "x" << cols << " n " << n << " token " << t << " row " << r;
            ASSERT_NEAR(y[i], plain[i] + bias[static_cast<std::size_t>(r)], kFloatEpsilon * (std::fabs(plain[i]) + 4))
                << "bias, row " << r;
            // erf to 4e-7 absolute, times v / 2.
            const double v = y[i], exact = 0.5 * v * (1 + std::erf(v / std::sqrt(2.0)));
            ASSERT_NEAR(gelu[i], exact, 2e-7 * std::fabs(v) + 4 * kFloatEpsilon * std::fabs(exact)) << v;
        }
    }
}

TEST_P(MatmulTest, MatchesDequantisedProductForEveryTypeAndTokenCount) {
    for (const DType type : kTypes) {
        for (const std::int64_t n : {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 33, 64}) {
            for (const Phase phase : kPhases) check_matmul(type, 40, 512, n, phase);
        }
    }
}

TEST_P(MatmulTest, SumsOverMoreColumnsThanOnePartHolds) {
    for (const DType type : {DType::kQ4_K, DType::kQ8_0, DType::kBF16}) {
        for (const Phase phase : kPhases) check_matmul(type, 50, 2304, 33, phase);
    }
}

TEST_P(MatmulTest, HandlesOddRowCountsAndShortRows) {
    for (const DType type : kTypes) {
        const std::int64_t shortest = std::max<std::int64_t>(32, geometry(type).block);
        for (const std::int64_t rows : {1, 7, 8, 9, 15, 17, 33}) {
            for (const std::int64_t n : {1, 3, 17}) {
                for (const Phase phase : kPhases) check_matmul(type, rows, shortest, n, phase);
            }
        }
    }
    for (const std::int64_t cols : {1, 3, 31, 100}) {
        for (const DType type : {DType::kF32, DType::kF16, DType::kBF16}) {
            for (const std::int64_t n : {9, 35}) {
                for (const Phase phase : kPhases) check_matmul(type, 17, cols, n, phase);
            }
        }
    }
}

TEST_P(MatmulTest, OfOneTokenDoesNotDependOnItsBatch) {
    for (const DType type : kTypes) {
        Random random(5);
        const std::int64_t rows = 72, cols = 768, n = 40;
        const auto bytes = random_matrix(type, rows, cols, random);
        const Floats x = random.normals(n * cols);
        auto weight = ops_->load({type, rows, cols, bytes});
        ASSERT_TRUE(weight.ok());
        Floats all(static_cast<std::size_t>(n * rows)), one(static_cast<std::size_t>(rows));
        const MatmulTask batch[] = {{weight->get(), nullptr, all.data()}};
        const MatmulTask single[] = {{weight->get(), nullptr, one.data()}};
        for (const Phase phase : kPhases) {
            ops_->matmul(x.data(), n, batch, phase);
            for (const std::int64_t t : {0, 6, 39}) {
                ops_->matmul(x.data() + t * cols, 1, single, phase);
                EXPECT_EQ(std::memcmp(one.data(), all.data() + t * rows, sizeof(float) * one.size()), 0)
                    << geometry(type).name << " token " << t;
            }
        }
    }
}

TEST_P(MatmulTest, BatchesOfOneCallAreEachAlone) {
    const std::int64_t cols = 512, rows = 40, counts[] = {1, 17, 8, 3, 33};
    Random random(6);
    std::vector<std::vector<std::byte>> bytes;
    std::vector<std::unique_ptr<Weight>> weights;
    std::vector<Floats> inputs, together, alone;
    for (std::size_t i = 0; i < std::size(counts); ++i) {
        for (const DType type : {i % 2 == 0 ? DType::kQ4_K : DType::kF32, DType::kQ6_K}) {
            bytes.push_back(random_matrix(type, rows, cols, random));
            weights.push_back(ops_->load({type, rows, cols, bytes.back()}).value());
            together.emplace_back(static_cast<std::size_t>(counts[i] * rows), NAN);
        }
        inputs.push_back(random.normals(counts[i] * cols));
    }
    alone = together;
    for (const Phase phase : kPhases) {
        std::vector<MatmulTask> tasks;
        for (std::size_t w = 0; w < weights.size(); ++w)
            tasks.push_back({weights[w].get(), nullptr, together[w].data()});
        std::vector<MatmulBatch> batches;
        for (std::size_t i = 0; i < std::size(counts); ++i)
            batches.push_back({inputs[i].data(), counts[i], std::span(tasks).subspan(2 * i, 2)});
        ops_->matmul(batches, phase);
        for (std::size_t w = 0; w < weights.size(); ++w) {
            const MatmulTask task[] = {{weights[w].get(), nullptr, alone[w].data()}};
            ops_->matmul(inputs[w / 2].data(), counts[w / 2], task, phase);
            EXPECT_EQ(std::memcmp(alone[w].data(), together[w].data(), sizeof(float) * alone[w].size()), 0) << w;
        }
    }
}

TEST_P(MatmulTest, ExtremeWeightsAndActivationsDoNotOverflow) {
    // Every quant at its largest against activations of one size: the worst case of the 16-bit partial sums.
    for (const DType type : {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ6_K}) {
        for (const int fill : {0x00, 0xff, 0x80, 0x7f}) {
            Random random(1);
            const std::int64_t rows = 16, cols = 256;
            auto bytes = random_matrix(type, rows, cols, random);
            const DTypeGeometry g = geometry(type);
            const std::size_t first = type == DType::kQ6_K ? 0 : type == DType::kQ4_1 || type == DType::kQ5_1 ? 4 : 2;
            const std::size_t last = type == DType::kQ6_K ? 192 : g.bytes;
            for (std::size_t b = 0; b < bytes.size(); b += g.bytes) {
                std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(b + first),
                          bytes.begin() + static_cast<std::ptrdiff_t>(b + last), static_cast<std::byte>(fill));
            }
            Floats weights(static_cast<std::size_t>(rows * cols)), x(static_cast<std::size_t>(cols), -3.0f), y(rows);
            dequantize(type, bytes.data(), rows * cols, weights.data());
            auto weight = ops_->load({type, rows, cols, bytes});
            ASSERT_TRUE(weight.ok());
            const MatmulTask task[] = {{weight->get(), nullptr, y.data()}};
            ops_->matmul(x.data(), 1, task, Phase::kDecode);
            for (std::int64_t r = 0; r < rows; ++r) {
                const Expected e = expect_dot(weights.data() + r * cols, x.data(), cols, Rounding::kInt8);
                // Here all terms err alike. The 5-bit kinds hold scale * 16 apart from the minimum, each in binary16
                // (relative 2^-11) and at most 33 * 2^-7 together. A wrapped 16-bit sum would be off by 6.
                const double halves = 3.0 * static_cast<double>(cols) * 33 / 128 / 2048;
                ASSERT_NEAR(y[static_cast<std::size_t>(r)], e.value, e.tolerance + halves)
                    << g.name << " fill " << fill;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, MatmulTest, kOpsPaths, path_name);

}  // namespace
}  // namespace hearth::llm
