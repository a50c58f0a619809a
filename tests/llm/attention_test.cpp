// Attention on every path, over keys and values in both formats. Expected values are computed here in double.

#include "llm/ops_fixture.h"

namespace hearth::llm {
namespace {

using namespace test;

/// KV blocks of one layer, filled through kv_store.
struct KvCache {
    std::vector<std::vector<std::byte>> storage;
    std::vector<std::byte*> blocks;

    KvCache(const Ops& ops, int kv_heads, int head_dim, std::int64_t positions, KvFormat format = KvFormat::kFull) {
        // 0xff bytes are NaN: whatever reads a slot that was never stored shows up.
        storage.assign(static_cast<std::size_t>((positions + 15) / 16),
                       std::vector<std::byte>(ops.kv_block_bytes(kv_heads, head_dim, format), std::byte{0xff}));
        for (auto& block : storage) blocks.push_back(block.data());
    }
};

/// Half a step of the 8-bit integers that feature `d` of a token's head is kept in: the most that it can be off.
double half_step(const float* head, int d, int dim) {
    const int first = d / kKvScaleFeatures * kKvScaleFeatures;
    double top = 0;
    for (int i = first; i < std::min(dim, first + kKvScaleFeatures); ++i)
        top = std::max(top, std::fabs(double{head[i]}));
    return top / 254;
}

/// softmax(q k / sqrt(dim)) v over `length` positions, and how far rounded operands may move it: every score term errs
/// by `rounding` of itself (a score error e scales a weight by exp(e)), and so does every value; kept in 8 bits, both
/// err by half a step more, uniformly. A soft cap c flattens what errs before it, and is c (1 - a quotient) itself: 8
/// roundings of c.
void expect_attention(const float* q, const float* k, const float* v, std::int64_t length, std::int64_t stride, int dim,
                      double rounding, KvFormat format, std::vector<Expected>& out, const ScoreRule& rule = {}) {
    const auto step_of = [&](const float* head, int d) {
        return format == KvFormat::kInt8 ? half_step(head, d, dim) : 0.0;
    };
    std::vector<double> scores(static_cast<std::size_t>(length)), slack(scores);
    double top = -1e300, total = 0, worst = 0;
    const double scale = rule.scale > 0 ? rule.scale : 1 / std::sqrt(static_cast<double>(dim));
    for (std::int64_t t = 0; t < length; ++t) {
        double s = 0, size = 0, steps = 0;
        for (int d = 0; d < dim; ++d) {
            const double weight = q[d] * scale, term = weight * k[t * stride + d];
            s += term;
            size += term * term;
            steps += std::pow(weight * step_of(k + t * stride, d), 2);
        }
        if (rule.soft_cap > 0) s = rule.soft_cap * std::tanh(s / rule.soft_cap);
        scores[static_cast<std::size_t>(t)] = s;
        worst =
            std::max(worst, (rounding > 0 ? 6.0 * rounding / std::sqrt(3.0) : 16.0 * kFloatEpsilon) * std::sqrt(size) +
                                6.0 * std::sqrt(steps / 3.0) + 8.0 * kFloatEpsilon * rule.soft_cap);
        top = std::max(top, s);
    }
    for (double& s : scores) total += s = std::exp(s - top);
    out.assign(static_cast<std::size_t>(dim), {});
    for (int d = 0; d < dim; ++d) {
        Expected& e = out[static_cast<std::size_t>(d)];
        double size = 0, steps = 0;
        for (std::int64_t t = 0; t < length; ++t) {
            const double weight = scores[static_cast<std::size_t>(t)] / total, term = weight * v[t * stride + d];
            e.value += term;
            size += std::fabs(term);
            steps += weight * step_of(v + t * stride, d);
        }
        e.tolerance = size * (2 * worst + rounding + 32 * kFloatEpsilon) + steps * (1 + 2 * worst) + 1e-6;
    }
}

constexpr Phase kPhases[] = {Phase::kDecode, Phase::kPrefill};

/// Keys and values are stored in binary16; where prompts are computed in bfloat16, both factors of every product are
/// rounded to it.
double attention_rounding(const Ops& ops, bool reference, Phase phase) {
    if (reference) return 0;
    return phase == Phase::kPrefill && ops.phases_differ() ? std::sqrt(2.0) / 256 : 1.0 / 2048;
}

class AttentionTest : public OpsTest {
  protected:
    struct Shape {
        int heads, kv_heads, dim;
        std::int64_t past, n;
    };
    void check_causal(const Shape& s, KvFormat format, const ScoreRule& rule = {});
};

void AttentionTest::check_causal(const Shape& s, KvFormat format, const ScoreRule& rule) {
    Random random(static_cast<unsigned>(s.n + s.past));
    const std::int64_t length = s.past + s.n, width = s.kv_heads * s.dim;
    KvCache cache(*ops_, s.kv_heads, s.dim, length, format);
    const Floats k = random.normals(length * width), v = random.normals(length * width);
    const Floats q = random.normals(s.n * s.heads * s.dim, 2.0f);
    const KvRows past[] = {{cache.blocks.data(), s.past, 0}};
    ops_->kv_store({past, s.kv_heads, s.dim, k.data(), v.data(), format});
    for (const Phase phase : kPhases) {
        Floats out(q.size(), NAN);
        const KvRows rows[] = {{cache.blocks.data(), s.n, s.past, phase}};
        ops_->kv_store({rows, s.kv_heads, s.dim, k.data() + s.past * width, v.data() + s.past * width, format});
        ops_->attention({rows, s.heads, s.kv_heads, s.dim, q.data(), out.data(), format, rule});
        std::vector<Expected> expected;
        for (std::int64_t row = 0; row < s.n * s.heads; ++row) {
            const std::int64_t t = row / s.heads, at = row * s.dim;
            const std::int64_t seen = s.past + t + 1;
            const std::int64_t first = rule.window > 0 ? std::max<std::int64_t>(0, seen - rule.window) : 0;
            const std::int64_t kv = row % s.heads / (s.heads / s.kv_heads) * s.dim + first * width;
            expect_attention(q.data() + at, k.data() + kv, v.data() + kv, seen - first, width, s.dim,
                             attention_rounding(*ops_, is_reference(), phase), format, expected, rule);
            for (int d = 0; d < s.dim; ++d) {
                const Expected& e = expected[static_cast<std::size_t>(d)];
                ASSERT_NEAR(out[static_cast<std::size_t>(at + d)], e.value, e.tolerance)
                    << "heads " << s.heads << " past " << s.past << " row " << row;
            }
        }
    }
}

TEST_P(AttentionTest, CausalAttentionMatchesSoftmaxOverTheStoredPositions) {
    for (const Shape& s : {Shape{1, 1, 16, 0, 1}, Shape{14, 2, 64, 0, 33}, Shape{9, 3, 64, 15, 2},
                           Shape{9, 3, 64, 299, 1}, Shape{4, 2, 24, 63, 70}, Shape{8, 1, 128, 520, 5},
                           Shape{2, 2, 8, 255, 3}, Shape{2, 1, 80, 40, 20}, Shape{4, 1, 256, 40, 20}}) {
        for (const KvFormat format : {KvFormat::kFull, KvFormat::kInt8}) check_causal(s, format);
    }
}

TEST_P(AttentionTest, ScoresFollowTheirRule) {
    for (const ScoreRule& rule : {ScoreRule{0, 0, 1}, ScoreRule{0, 0, 3}, ScoreRule{0, 0, 100}, ScoreRule{0, 0, 600},
                                  ScoreRule{0, 5, 0}, ScoreRule{0.05f, 2, 70}, ScoreRule{0.2f, 0, 0}}) {
        for (const Shape& s : {Shape{4, 2, 24, 63, 70}, Shape{9, 3, 64, 299, 1}, Shape{8, 1, 32, 520, 40}}) {
            for (const KvFormat format : {KvFormat::kFull, KvFormat::kInt8}) check_causal(s, format, rule);
        }
    }
}

TEST_P(AttentionTest, EightBitsTakeAboutHalfTheMemory) {
    const auto full = static_cast<double>(ops_->kv_block_bytes(2, 64, KvFormat::kFull));
    const auto small = static_cast<double>(ops_->kv_block_bytes(2, 64, KvFormat::kInt8));
    if (is_reference()) GTEST_SKIP() << "keeps float32 whatever the format";
    EXPECT_NEAR(small / full, 9.0 / 16, 1e-9) << "8 bits and a float for each 32";
}

TEST_P(AttentionTest, AttentionOfOneTokenDoesNotDependOnItsBatch) {
    const int heads = 9, kv_heads = 3, dim = 64;
    const std::int64_t past = 570, n = 60, length = past + n, width = kv_heads * dim;
    Random random(21);
    const Floats k = random.normals(length * width), v = random.normals(length * width);
    const Floats q = random.normals(n * heads * dim, 2.0f);
    const auto check = [&](KvFormat format, Phase phase, const ScoreRule& rule) {
        KvCache cache(*ops_, kv_heads, dim, length, format);
        const KvRows everything[] = {{cache.blocks.data(), length, 0}};
        ops_->kv_store({everything, kv_heads, dim, k.data(), v.data(), format});
        const KvRows together[] = {{cache.blocks.data(), n, past, phase}};
        Floats all(q.size()), one(static_cast<std::size_t>(heads * dim));
        ops_->attention({together, heads, kv_heads, dim, q.data(), all.data(), format, rule});
        for (const std::int64_t t : {0, 5, 59}) {
            const KvRows alone[] = {{cache.blocks.data(), 1, past + t, phase}};
            ops_->attention({alone, heads, kv_heads, dim, q.data() + t * heads * dim, one.data(), format, rule});
            EXPECT_EQ(std::memcmp(one.data(), all.data() + t * heads * dim, sizeof(float) * one.size()), 0)
                << t << " window " << rule.window;
        }
    };
    for (const KvFormat format : {KvFormat::kFull, KvFormat::kInt8}) {
        for (const Phase phase : kPhases) {
            for (const int window : {0, 90, 360}) check(format, phase, {0, 0, window});
        }
    }
}

TEST_P(AttentionTest, SequencesOfABatchAreApart) {
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

TEST_P(AttentionTest, EncoderAttentionKeepsSequencesApart) {
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
                                     dim, ops_->phases_differ() ? std::sqrt(2.0) / 256 : 0, KvFormat::kFull, expected);
                    for (int d = 0; d < dim; ++d) {
                        const Expected& e = expected[static_cast<std::size_t>(d)];
                        ASSERT_NEAR(out[static_cast<std::size_t>(at + d)], e.value, e.tolerance) << s << " " << t;
                    }
                }
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, AttentionTest, kOpsPaths, path_name);

}  // namespace
}  // namespace hearth::llm
