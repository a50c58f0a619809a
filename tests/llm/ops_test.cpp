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
    Floats gate = x, sum = x;
    ops_->swiglu(gate.data(), up.data(), count);
    ops_->add(sum.data(), up.data(), count);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double v = x[i];
        const double silu = v / (1 + std::exp(-v)) * up[i];
        // exp to 2 units in the last place of an argument rounded once (|v| eps), a division and two products.
        ASSERT_NEAR(gate[i], silu, (6 + std::fabs(v)) * kFloatEpsilon * std::fabs(silu) + 1e-12) << v;
        ASSERT_EQ(sum[i], x[i] + up[i]);
    }
}

/// KV blocks of one layer, filled through kv_store.
struct KvCache {
    std::vector<std::vector<std::byte>> storage;
    std::vector<std::byte*> blocks;

    KvCache(const Ops& ops, int kv_heads, int head_dim, std::int64_t positions) {
        // 0xff bytes are NaN: whatever reads a slot that was never stored shows up.
        storage.assign(static_cast<std::size_t>((positions + 15) / 16),
                       std::vector<std::byte>(ops.kv_block_bytes(kv_heads, head_dim), std::byte{0xff}));
        for (auto& block : storage) blocks.push_back(block.data());
    }
};

/// softmax(q k / sqrt(dim)) v over `length` positions, and how far rounded operands may move it: every score term errs
/// by `rounding` of itself (a score error e scales a weight by exp(e)), and so does every value.
void expect_attention(const float* q, const float* k, const float* v, std::int64_t length, std::int64_t stride, int dim,
                      double rounding, std::vector<Expected>& out) {
    std::vector<double> scores(static_cast<std::size_t>(length)), slack(scores);
    double top = -1e300, total = 0, worst = 0;
    for (std::int64_t t = 0; t < length; ++t) {
        double s = 0, size = 0;
        for (int d = 0; d < dim; ++d) {
            const double term = static_cast<double>(q[d]) * k[t * stride + d] / std::sqrt(static_cast<double>(dim));
            s += term;
            size += term * term;
        }
        scores[static_cast<std::size_t>(t)] = s;
        worst =
            std::max(worst, (rounding > 0 ? 6.0 * rounding / std::sqrt(3.0) : 16.0 * kFloatEpsilon) * std::sqrt(size));
        top = std::max(top, s);
    }
    for (double& s : scores) total += s = std::exp(s - top);
    out.assign(static_cast<std::size_t>(dim), {});
    for (int d = 0; d < dim; ++d) {
        Expected& e = out[static_cast<std::size_t>(d)];
        double size = 0;
        for (std::int64_t t = 0; t < length; ++t) {
            const double term = scores[static_cast<std::size_t>(t)] / total * v[t * stride + d];
            e.value += term;
            size += std::fabs(term);
        }
        e.tolerance = size * (2 * worst + rounding + 32 * kFloatEpsilon) + 1e-6;
    }
}

constexpr Phase kPhases[] = {Phase::kDecode, Phase::kPrefill};

/// Keys and values are stored in binary16; where prompts are computed in bfloat16, both factors of every product are
/// rounded to it.
double attention_rounding(const Ops& ops, bool reference, Phase phase) {
    if (reference) return 0;
    return phase == Phase::kPrefill && ops.phases_differ() ? std::sqrt(2.0) / 256 : 1.0 / 2048;
}

TEST_P(OpsTest, CausalAttentionMatchesSoftmaxOverTheStoredPositions) {
    struct Shape {
        int heads, kv_heads, dim;
        std::int64_t past, n;
    };
    for (const Shape& s :
         {Shape{1, 1, 16, 0, 1}, Shape{14, 2, 64, 0, 33}, Shape{9, 3, 64, 15, 2}, Shape{9, 3, 64, 299, 1},
          Shape{4, 2, 24, 63, 70}, Shape{8, 1, 128, 520, 5}, Shape{2, 2, 8, 255, 3}}) {
        Random random(static_cast<unsigned>(s.n + s.past));
        const std::int64_t length = s.past + s.n, width = s.kv_heads * s.dim;
        KvCache cache(*ops_, s.kv_heads, s.dim, length);
        const Floats k = random.normals(length * width), v = random.normals(length * width);
        const Floats q = random.normals(s.n * s.heads * s.dim, 2.0f);
        const KvRows past[] = {{cache.blocks.data(), s.past, 0}};
        ops_->kv_store({past, s.kv_heads, s.dim, k.data(), v.data()});
        for (const Phase phase : kPhases) {
            Floats out(q.size(), NAN);
            const KvRows rows[] = {{cache.blocks.data(), s.n, s.past, phase}};
            ops_->kv_store({rows, s.kv_heads, s.dim, k.data() + s.past * width, v.data() + s.past * width});
            ops_->attention({rows, s.heads, s.kv_heads, s.dim, q.data(), out.data()});
            std::vector<Expected> expected;
            for (std::int64_t row = 0; row < s.n * s.heads; ++row) {
                const std::int64_t t = row / s.heads, at = row * s.dim;
                const std::int64_t kv = row % s.heads / (s.heads / s.kv_heads) * s.dim;
                expect_attention(q.data() + at, k.data() + kv, v.data() + kv, s.past + t + 1, width, s.dim,
                                 attention_rounding(*ops_, is_reference(), phase), expected);
                for (int d = 0; d < s.dim; ++d) {
                    const Expected& e = expected[static_cast<std::size_t>(d)];
                    ASSERT_NEAR(out[static_cast<std::size_t>(at + d)], e.value, e.tolerance)
                        << "heads " << s.heads << " past " << s.past << " row " << row;
                }
            }
        }
    }
}

TEST_P(OpsTest, AttentionOfOneTokenDoesNotDependOnItsBatch) {
    const int heads = 9, kv_heads = 3, dim = 64;
    const std::int64_t past = 570, n = 60, length = past + n, width = kv_heads * dim;
    Random random(21);
    KvCache cache(*ops_, kv_heads, dim, length);
    const Floats k = random.normals(length * width), v = random.normals(length * width);
    const Floats q = random.normals(n * heads * dim, 2.0f);
    const KvRows everything[] = {{cache.blocks.data(), length, 0}};
    ops_->kv_store({everything, kv_heads, dim, k.data(), v.data()});
    for (const Phase phase : kPhases) {
        const KvRows together[] = {{cache.blocks.data(), n, past, phase}};
        Floats all(q.size()), one(static_cast<std::size_t>(heads * dim));
        ops_->attention({together, heads, kv_heads, dim, q.data(), all.data()});
        for (const std::int64_t t : {0, 5, 59}) {
            const KvRows alone[] = {{cache.blocks.data(), 1, past + t, phase}};
            ops_->attention({alone, heads, kv_heads, dim, q.data() + t * heads * dim, one.data()});
            EXPECT_EQ(std::memcmp(one.data(), all.data() + t * heads * dim, sizeof(float) * one.size()), 0) << t;
        }
    }
}

TEST_P(OpsTest, SequencesOfABatchAreApart) {
    const int heads = 6, kv_heads = 2, dim = 32;
    const std::int64_t width = kv_heads * dim, query = heads * dim;
    struct Part {
        std::int64_t past, n;
    };
    const std::vector<Part> parts = {{0, 5}, {300, 1}, {17, 40}, {600, 3}};
    Random random(22);
    std::vector<KvCache> apart, joined;
    std::vector<KvRows> rows;
    Floats k, v, q, expected;
    for (const Part& part : parts) {
        apart.emplace_back(*ops_, kv_heads, dim, part.past + part.n);
        joined.emplace_back(*ops_, kv_heads, dim, part.past + part.n);
        const Floats old_k = random.normals(part.past * width), old_v = random.normals(part.past * width);
        const Floats new_k = random.normals(part.n * width), new_v = random.normals(part.n * width);
        const Floats new_q = random.normals(part.n * query, 2.0f);
        for (KvCache* cache : {&apart.back(), &joined.back()}) {
            const KvRows past[] = {{cache->blocks.data(), part.past, 0}};
            ops_->kv_store({past, kv_heads, dim, old_k.data(), old_v.data()});
        }
        const Phase phase = kPhases[apart.size() % 2];
        const KvRows alone[] = {{apart.back().blocks.data(), part.n, part.past, phase}};
        Floats out(new_q.size());
        ops_->kv_store({alone, kv_heads, dim, new_k.data(), new_v.data()});
        ops_->attention({alone, heads, kv_heads, dim, new_q.data(), out.data()});
        expected.insert(expected.end(), out.begin(), out.end());
        k.insert(k.end(), new_k.begin(), new_k.end());
        v.insert(v.end(), new_v.begin(), new_v.end());
        q.insert(q.end(), new_q.begin(), new_q.end());
    }
    for (std::size_t i = 0; i < parts.size(); ++i)
        rows.push_back({joined[i].blocks.data(), parts[i].n, parts[i].past, kPhases[(i + 1) % 2]});
    Floats out(q.size());
    ops_->kv_store({rows, kv_heads, dim, k.data(), v.data()});
    ops_->attention({rows, heads, kv_heads, dim, q.data(), out.data()});
    EXPECT_EQ(out, expected) << "bit for bit";
}

TEST_P(OpsTest, EncoderAttentionKeepsSequencesApart) {
    for (const int dim : {32, 12}) {
        const int heads = 3;
        const std::vector<std::int32_t> starts = {0, 1, 18, 18 + 64, 18 + 64 + 131};
        const std::int64_t total = starts.back(), width = heads * dim;
        Random random(31);
        const Floats q = random.normals(total * width), k = random.normals(total * width),
                     v = random.normals(total * width);
        Floats out(q.size(), NAN);
        ops_->encoder_attention({q.data(), k.data(), v.data(), out.data(), starts, heads, dim});
        std::vector<Expected> expected;
        for (std::size_t s = 0; s + 1 < starts.size(); ++s) {
            for (std::int64_t t = starts[s]; t < starts[s + 1]; ++t) {
                for (int h = 0; h < heads; ++h) {
                    const std::int64_t base = starts[s] * width + h * dim, at = t * width + h * dim;
                    expect_attention(q.data() + at, k.data() + base, v.data() + base, starts[s + 1] - starts[s], width,
                                     dim, ops_->phases_differ() ? std::sqrt(2.0) / 256 : 0, expected);
                    for (int d = 0; d < dim; ++d) {
                        const Expected& e = expected[static_cast<std::size_t>(d)];
                        ASSERT_NEAR(out[static_cast<std::size_t>(at + d)], e.value, e.tolerance) << s << " " << t;
                    }
                }
            }
        }
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