#include "llm/key_balance.h"

#include <cmath>
#include <limits>

#include "llm/ops_fixture.h"

namespace hearth::llm {
namespace {

using test::Floats;

DecoderConfig config_of(RopeStyle style) {
    DecoderConfig config;
    config.heads = 6;
    config.kv_heads = 2;
    config.head_dim = 8;
    config.rope_style = style;
    return config;
}

/// The scores of a token's query heads against another's keys, both turned to their positions.
std::vector<double> scores(const DecoderConfig& config, Floats q, Floats k, const KeyBalance* balance) {
    const auto ops = make_reference_ops();
    const Floats frequencies{1, 0.3f, 0.1f, 0.03f};
    const std::int32_t positions[] = {7, 40};
    ops->rope({q.data(), 1, config.heads, config.head_dim, positions, frequencies.data(), config.rope_style});
    ops->rope({k.data(), 1, config.kv_heads, config.head_dim, positions + 1, frequencies.data(), config.rope_style});
    if (balance != nullptr) {
        ops->scale(q.data(), balance->queries.data(), 1, static_cast<std::int64_t>(q.size()));
        ops->scale(k.data(), balance->keys.data(), 1, static_cast<std::int64_t>(k.size()));
    }
    std::vector<double> out;
    for (int head = 0; head < config.heads; ++head) {
        const int kv_head = head / (config.heads / config.kv_heads);
        double score = 0;
        for (int d = 0; d < config.head_dim; ++d)
            score += double{q[static_cast<std::size_t>(head * config.head_dim + d)]} *
                     k[static_cast<std::size_t>(kv_head * config.head_dim + d)];
        out.push_back(score);
    }
    return out;
}

TEST(KeyBalance, ScoresStayAsTheyAreAndOutliersGo) {
    for (const RopeStyle style : {RopeStyle::kHalves, RopeStyle::kInterleaved}) {
        const DecoderConfig config = config_of(style);
        test::Random random(4);
        Floats bias = random.normals(16);
        bias[3] = 200;
        bias[9] = -120;
        Floats k = random.normals(16);
        for (std::size_t i = 0; i < k.size(); ++i) k[i] += bias[i];
        const Floats q = random.normals(48);
        const KeyBalance balance = balance_keys(config, bias, {});
        const auto plain = scores(config, q, k, nullptr), balanced = scores(config, q, k, &balance);
        // A score is a sum of eight terms of at most 600, each rounded to float32 a few times.
        for (std::size_t i = 0; i < plain.size(); ++i)
            EXPECT_NEAR(balanced[i], plain[i], 8 * 600 * 4 * test::kFloatEpsilon) << i;
        for (std::size_t i = 0; i < k.size(); ++i) EXPECT_LT(std::fabs(k[i] * balance.keys[i]), 5) << i;
    }
}

TEST(KeyBalance, NormsOfHeadsCountForEveryHead) {
    const Floats norm{1, 1, 30, 1, 1, 1, 40, 1};
    const KeyBalance balance = balance_keys(config_of(RopeStyle::kHalves), {}, norm);
    for (const std::size_t start : {0u, 8u}) {
        EXPECT_FLOAT_EQ(balance.keys[start + 2], 1.0f / 50);
        EXPECT_FLOAT_EQ(balance.keys[start + 6], 1.0f / 50);
    }
    EXPECT_FLOAT_EQ(balance.queries[40 + 2], 50);
}

TEST(KeyBalance, NothingKnownIsNothingDone) {
    EXPECT_TRUE(balance_keys(config_of(RopeStyle::kHalves), {}, {}).keys.empty());
    Floats bias(16, std::numeric_limits<float>::quiet_NaN());
    for (const float factor : balance_keys(config_of(RopeStyle::kHalves), bias, {}).queries) EXPECT_EQ(factor, 1);
}

}  // namespace
}  // namespace hearth::llm
