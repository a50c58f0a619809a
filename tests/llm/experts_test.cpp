#include "llm/experts.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

constexpr int kExperts = 6, kPerToken = 2;

std::vector<float> random_scores(std::int64_t n) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> scores(static_cast<std::size_t>(n * kExperts));
    for (float& score : scores) score = normal(random);
    return scores;
}

/// The expert that computes a row.
int expert_of(const ExpertRouting& routing, std::int32_t row) {
    for (const auto& runs : {routing.decode_runs(), routing.prefill_runs()}) {
        for (const ExpertRouting::Run& run : runs)
            if (row >= run.first && row < run.first + run.rows) return run.expert;
    }
    return -1;
}

TEST(ExpertRouting, TheHighestScoresGetTheSoftmaxOverThem) {
    ExpertRouting routing;
    const std::vector<float> scores{0, 3, -1, 2, 1, 0};
    routing.route(scores.data(), 1, kExperts, kPerToken, 1);
    EXPECT_EQ(expert_of(routing, routing.places()[0]), 1);
    EXPECT_EQ(expert_of(routing, routing.places()[1]), 3);
    EXPECT_FLOAT_EQ(routing.shares()[0], static_cast<float>(1 / (1 + std::exp(-1.0))));
    EXPECT_FLOAT_EQ(routing.shares()[1], static_cast<float>(1 / (1 + std::exp(1.0))));
}

TEST(ExpertRouting, EqualScoresTakeTheLowerExpert) {
    ExpertRouting routing;
    const std::vector<float> scores{0, 5, 5, 5, 0, 0};
    routing.route(scores.data(), 1, kExperts, kPerToken, 1);
    EXPECT_EQ(expert_of(routing, routing.places()[0]), 1);
    EXPECT_EQ(expert_of(routing, routing.places()[1]), 2);
}

TEST(ExpertRouting, RowsAreEachTokensOwnAndRunsCoverThemOnce) {
    const std::int64_t n = 40, decode = 7;
    const std::vector<float> scores = random_scores(n);
    ExpertRouting routing;
    routing.route(scores.data(), n, kExperts, kPerToken, decode);
    std::int64_t next = 0;
    for (const ExpertRouting::Run& run : routing.decode_runs()) {
        EXPECT_EQ(run.first, next);
        next += run.rows;
    }
    EXPECT_EQ(next, decode * kPerToken);
    for (const ExpertRouting::Run& run : routing.prefill_runs()) {
        EXPECT_EQ(run.first, next);
        EXPECT_GT(run.rows, 0);
        next += run.rows;
    }
    EXPECT_EQ(next, n * kPerToken);
    for (std::int64_t i = 0; i < n * kPerToken; ++i) {
        const std::int32_t row = routing.places()[static_cast<std::size_t>(i)];
        EXPECT_EQ(routing.tokens()[static_cast<std::size_t>(row)], i / kPerToken);
    }
}

TEST(ExpertRouting, ATokenIsRoutedAsItWouldBeAlone) {
    const std::int64_t n = 40;
    const std::vector<float> scores = random_scores(n);
    ExpertRouting together, alone;
    together.route(scores.data(), n, kExperts, kPerToken, 11);
    for (std::int64_t token = 0; token < n; ++token) {
        alone.route(scores.data() + token * kExperts, 1, kExperts, kPerToken, 1);
        for (int j = 0; j < kPerToken; ++j) {
            const auto i = static_cast<std::size_t>(token * kPerToken + j);
            EXPECT_EQ(together.shares()[i], alone.shares()[static_cast<std::size_t>(j)]);
            EXPECT_EQ(expert_of(together, together.places()[i]),
                      expert_of(alone, alone.places()[static_cast<std::size_t>(j)]));
        }
    }
}

TEST(ExpertRouting, ScoresThatAreNoNumbersStillNameExperts) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
    ExpertRouting routing;
    for (const std::vector<float>& scores : {std::vector<float>(kExperts, nan), std::vector<float>(kExperts, -infinite),
                                             std::vector<float>{nan, 1, infinite, nan, -infinite, 2}}) {
        routing.route(scores.data(), 1, kExperts, kPerToken, 0);
        EXPECT_NE(routing.places()[0], routing.places()[1]);
        for (const std::int32_t row : routing.places()) EXPECT_GE(expert_of(routing, row), 0);
    }
}

}  // namespace
}  // namespace hearth::llm
