// One body of tests for every implementation of llm/ops.h but its products (matmul_test.cpp).

#include "llm/ops_fixture.h"

namespace hearth::llm {
namespace {

using namespace test;

TEST_P(OpsTest, LoadRefusesATypeItDoesNotKnow) {
    const std::vector<std::byte> bytes(18 * 4);
    const auto loaded = ops_->load({static_cast<DType>(99), 4, 32, bytes});
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, ErrorCode::kUnsupported);
}

TEST_P(OpsTest, GatherRowsDequantisesTheNamedRows) {
    Random random(3);
    const std::int64_t rows = 37, cols = 256;  // the last panel is not full with any number of lanes
    const std::int32_t ids[] = {5, 0, 36, 5, 31};
    for (const DType type : kTypes) {
        const auto bytes = random_matrix(type, rows, cols, random);
        Floats all(static_cast<std::size_t>(rows * cols));
        dequantize(type, bytes.data(), rows * cols, all.data());
        const MatrixView matrix{type, rows, cols, bytes};
        const auto table = ops_->load_table(matrix);
        const auto weight = ops_->load(matrix);
        ASSERT_TRUE(table.ok() && weight.ok());
        Floats exact(std::size(ids) * cols), packed(exact.size());
        ops_->gather_rows(**table, ids, exact.data());
        ops_->gather_rows(**weight, ids, packed.data());
        for (std::size_t i = 0; i < std::size(ids); ++i) {
            const float* row = all.data() + ids[i] * cols;
            EXPECT_EQ(std::memcmp(exact.data() + i * cols, row, sizeof(float) * cols), 0);
            // A packed scale and minimum are rounded to float16: 2^-11 of each. Neither product is above twice the
            // row's range, which is at most twice its largest weight.
            float top = 0;
            for (std::int64_t k = 0; k < cols; ++k) top = std::max(top, std::fabs(row[k]));
            for (std::int64_t k = 0; k < cols; ++k)
                ASSERT_NEAR(packed[i * cols + static_cast<std::size_t>(k)], row[k], 8 * top * 0x1p-11f)
                    << geometry(type).name << " row " << ids[i] << " column " << k;
        }
    }
}

TEST_P(OpsTest, NormsMatchTheirDefinition) {
    Random random(9);
    for (const std::int64_t dim : {1, 3, 15, 16, 33, 576, 896}) {
        for (const std::int64_t n : {1, 2, 17}) {
            const Floats x = random.normals(n * dim), w = random.normals(dim), b = random.normals(dim);
            Floats rms = x, layer = x;
            ops_->rms_norm(rms.data(), w.data(), n, dim, 1e-5f, rms.data());
            ops_->layer_norm(layer.data(), w.data(), b.data(), n, dim, 1e-5f, layer.data());
            for (std::int64_t t = 0; t < n; ++t) {
                double mean = 0, squares = 0, variance = 0;
                for (std::int64_t i = 0; i < dim; ++i) mean += x[static_cast<std::size_t>(t * dim + i)];
                mean /= static_cast<double>(dim);
                for (std::int64_t i = 0; i < dim; ++i) {
                    const double v = x[static_cast<std::size_t>(t * dim + i)];
                    squares += v * v;
                    variance += (v - mean) * (v - mean);
                }
                // Relative error of the sums grows with the square root of dim; 8 covers the few scalar steps.
                const double relative = (8 + std::sqrt(static_cast<double>(dim))) * kFloatEpsilon;
                for (std::int64_t i = 0; i < dim; ++i) {
                    const auto at = static_cast<std::size_t>(t * dim + i), column = static_cast<std::size_t>(i);
                    const double r = x[at] / std::sqrt(squares / static_cast<double>(dim) + 1e-5) * w[column];
                    ASSERT_NEAR(rms[at], r, relative * (std::fabs(r) + 1e-6)) << dim;
                    const double inverse = 1 / std::sqrt(variance / static_cast<double>(dim) + 1e-5);
                    const double l = (x[at] - mean) * inverse * w[column] + b[column];
                    // The mean's own rounding is scaled by 1/deviation, large when a row is nearly constant.
                    const double size = (std::fabs(x[at]) + std::fabs(mean)) * inverse * std::fabs(w[column]);
                    ASSERT_NEAR(layer[at], l, relative * (size + std::fabs(b[column]) + 1e-6)) << dim;
                }
            }
        }
    }
}

TEST_P(OpsTest, RopeRotatesPairsByPosition) {
    Random random(11);
    for (const RopeStyle style : {RopeStyle::kInterleaved, RopeStyle::kHalves}) {
        for (const int dim : {4, 20, 64}) {
            const int heads = 3, half = dim / 2;
            const std::vector<std::int32_t> positions = {0, 1, 17, 4000, 31999};
            const auto n = static_cast<std::int64_t>(positions.size());
            Floats frequencies(static_cast<std::size_t>(half));
            for (int i = 0; i < half; ++i) frequencies[static_cast<std::size_t>(i)] = std::pow(1e6f, -2.0f * i / dim);
            const Floats before = random.normals(n * heads * dim);
            Floats x = before;
            ops_->rope({x.data(), n, heads, dim, positions.data(), frequencies.data(), style});
            for (std::int64_t v = 0; v < n * heads; ++v) {
                for (int i = 0; i < half; ++i) {
                    const int first = style == RopeStyle::kHalves ? i : 2 * i;
                    const int second = style == RopeStyle::kHalves ? i + half : 2 * i + 1;
                    const double angle = static_cast<double>(positions[static_cast<std::size_t>(v / heads)]) *
                                         frequencies[static_cast<std::size_t>(i)];
                    const double a = before[static_cast<std::size_t>(v * dim + first)];
                    const double b = before[static_cast<std::size_t>(v * dim + second)];
                    const double tolerance = 4 * kFloatEpsilon * (std::fabs(a) + std::fabs(b));
                    ASSERT_NEAR(x[static_cast<std::size_t>(v * dim + first)], a * std::cos(angle) - b * std::sin(angle),
                                tolerance);
                    ASSERT_NEAR(x[static_cast<std::size_t>(v * dim + second)],
                                a * std::sin(angle) + b * std::cos(angle), tolerance);
                }
            }
        }
    }
}

TEST_P(OpsTest, ScaleUsesTheSameFactorsInEveryRow) {
    Random random(9);
    const std::int64_t n = 700, dim = 35;
    const Floats x = random.normals(n * dim), factors = random.normals(dim);
    Floats y = x;
    ops_->scale(y.data(), factors.data(), n, dim);
    for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(y[i], x[i] * factors[i % dim]) << i;
}

TEST_P(OpsTest, MixAddsTheNamedRowsTimesTheirShares) {
    Random random(8);
    for (const std::int64_t dim : {1, 7, 16, 33, 256}) {
        const std::int64_t n = 37;
        const int per_token = 3;
        const Floats rows = random.normals(n * per_token * dim), shares = random.normals(n * per_token);
        const Floats before = random.normals(n * dim);
        std::vector<std::int32_t> places(static_cast<std::size_t>(n * per_token));
        for (std::int32_t& place : places) place = random.below(static_cast<int>(n * per_token));
        Floats out = before;
        ops_->mix({rows.data(), places.data(), shares.data(), n, per_token, dim, out.data()});
        for (std::int64_t i = 0; i < n * dim; ++i) {
            double expected = before[static_cast<std::size_t>(i)], size = std::fabs(expected);
            for (std::int64_t j = i / dim * per_token; j < (i / dim + 1) * per_token; ++j) {
                const double term = double{shares[static_cast<std::size_t>(j)]} *
                                    rows[static_cast<std::size_t>(places[static_cast<std::size_t>(j)] * dim + i % dim)];
                expected += term;
                size += std::fabs(term);
            }
            ASSERT_NEAR(out[static_cast<std::size_t>(i)], expected, per_token * kFloatEpsilon * size)
                << dim << " " << i;
        }
    }
}

TEST_P(OpsTest, ActivationsMatchTheirDefinition) {
    Floats x;
    for (int i = -2000; i <= 2000; ++i) x.push_back(static_cast<float>(i) * 0.01f);
    const auto count = static_cast<std::int64_t>(x.size());
    Random random(2);
    const Floats up = random.normals(count);
    Floats gate = x, gelu = x, capped = x, sum = x, scaled = x;
    ops_->glu(gate.data(), up.data(), count, Gate::kSilu);
    ops_->glu(gelu.data(), up.data(), count, Gate::kGeluTanh);
    ops_->soft_cap(capped.data(), count, 7);
    ops_->add(sum.data(), up.data(), count);
    ops_->scale(scaled.data(), up.data(), 1, count);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double v = x[i];
        const double silu = v / (1 + std::exp(-v)) * up[i];
        // exp to 2 units in the last place of an argument rounded once (|v| eps), a division and two products.
        ASSERT_NEAR(gate[i], silu, (6 + std::fabs(v)) * kFloatEpsilon * std::fabs(silu) + 1e-12) << v;
        // Likewise, of an argument u that was rounded four times; far to the left the result is next to 0.
        const double u = std::sqrt(2 / std::numbers::pi) * (v + 0.044715 * v * v * v);
        const double expected = v * 0.5 * (1 + std::tanh(u)) * up[i];
        ASSERT_NEAR(gelu[i], expected, (6 + 8 * std::fabs(u)) * kFloatEpsilon * std::fabs(expected) + 1e-12) << v;
        // 7 (1 - 2 / (1 + e^(2v/7))): six roundings of at most 14, and those of the exponent, which tanh flattens.
        ASSERT_NEAR(capped[i], 7 * std::tanh(v / 7), (6 * 14 + 4 * std::fabs(v)) * kFloatEpsilon) << v;
        ASSERT_EQ(sum[i], x[i] + up[i]);
        ASSERT_EQ(scaled[i], x[i] * up[i]);
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, OpsTest, kOpsPaths, path_name);

TEST(MakeCpuOps, RefusesAnUnknownInstructionSet) {
    const auto made = make_cpu_ops(1, "mmx");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
}

TEST(MakeCpuOps, PicksTheBestPathTheProcessorHas) {
    auto made = make_cpu_ops(2, "");
    ASSERT_TRUE(made.ok());
    EXPECT_EQ((*made)->threads(), 2);
    const CpuFeatures& cpu = cpu_features();
    if ((*made)->isa() == "amx") {  // which Linux may refuse on a processor that has it
        EXPECT_TRUE(cpu.amx_int8 && cpu.amx_bf16);
        return;
    }
    const std::string best = cpu.avx512_vnni && cpu.avx512_bf16 ? "avx512-bf16"
                             : cpu.avx512_vnni                  ? "avx512-vnni"
                             : cpu.avx2                         ? "avx2"
                             : cpu.neon_i8mm                    ? "neon-i8mm"
                             : cpu.neon_dotprod                 ? "neon-dotprod"
                                                                : "generic";
    EXPECT_EQ((*made)->isa(), best);
}

TEST(CpuOps, ThreadsAreBounded) {
    EXPECT_EQ(make_cpu_ops(kMaxThreads + 1, "generic").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(make_cpu_ops(0, "generic").value()->threads(), std::min<int>(kMaxThreads, usable_cpus().size()));
}

}  // namespace
}  // namespace hearth::llm