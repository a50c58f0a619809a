#include "llm/sampler.h"

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

SamplingOptions warm(std::uint64_t seed) {
    SamplingOptions options;
    options.temperature = 1.0f;
    options.seed = seed;
    return options;
}

std::set<int> seen_tokens(const SamplingOptions& options, const std::vector<float>& logits, int draws = 2000) {
    Sampler sampler(options);
    std::set<int> seen;
    for (int i = 0; i < draws; ++i) {
        std::vector<float> copy = logits;
        seen.insert(sampler.sample(copy, {}));
    }
    return seen;
}

TEST(Sampler, GreedyTakesTheBestAndTheLowestIdOfEquals) {
    Sampler sampler{SamplingOptions{}};
    std::vector<float> logits = {1, 5, 5, -2};
    EXPECT_EQ(sampler.sample(logits, {}), 1);
    EXPECT_EQ(sampler.sample(logits, std::vector<std::uint8_t>{1, 0, 0, 1}), 0);
}

TEST(Sampler, SurvivesNotANumberAndFullMasks) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float temperature : {0.0f, 0.8f}) {
        SamplingOptions options;
        options.temperature = temperature;
        Sampler sampler(options);
        std::vector<float> some = {nan, infinity, -3, -infinity};
        EXPECT_EQ(sampler.sample(some, {}), 2);
        std::vector<float> none = {nan, nan};
        EXPECT_EQ(sampler.sample(none, {}), -1);
        std::vector<float> masked = {1, 2};
        EXPECT_EQ(sampler.sample(masked, std::vector<std::uint8_t>{0, 0}), -1);
    }
}

TEST(Sampler, DrawsFromTheSoftmax) {
    // Chi-squared with 4 degrees of freedom stays under 18.47 with probability 0.999; the seed is fixed.
    const std::vector<float> logits = {0.0f, 1.0f, 2.0f, -1.0f, 0.5f};
    double sum = 0;
    for (const float logit : logits) sum += std::exp(logit);
    constexpr int kDraws = 50000;
    std::vector<int> counts(logits.size());
    Sampler sampler(warm(42));
    for (int i = 0; i < kDraws; ++i) {
        std::vector<float> copy = logits;
        ++counts[static_cast<std::size_t>(sampler.sample(copy, {}))];
    }
    double chi_squared = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double expected = kDraws * std::exp(logits[i]) / sum;
        chi_squared += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    EXPECT_LT(chi_squared, 18.47);
}

TEST(Sampler, RepeatsItselfForTheSameSeed) {
    const auto draw = [](std::uint64_t seed) {
        Sampler sampler(warm(seed));
        std::vector<int> tokens;
        for (int i = 0; i < 64; ++i) {
            std::vector<float> logits(100, 0.0f);
            tokens.push_back(sampler.sample(logits, {}));
        }
        return tokens;
    };
    EXPECT_EQ(draw(1), draw(1));
    EXPECT_NE(draw(1), draw(2));
}

TEST(Sampler, DrawsAfreshWithoutASeed) {
    const auto draw = [] {
        SamplingOptions options;
        options.temperature = 1.0f;
        Sampler sampler(options);
        std::vector<int> tokens;
        for (int i = 0; i < 64; ++i) {  // two streams agree by chance once in 100^64
            std::vector<float> logits(100, 0.0f);
            tokens.push_back(sampler.sample(logits, {}));
        }
        return tokens;
    };
    EXPECT_NE(draw(), draw());
}

TEST(Sampler, IsGreedyWhenNearlyCold) {
    const float largest = std::numeric_limits<float>::max();
    for (const float temperature : {1e-45f, 1e-30f, 9e-6f, 1e-5f, 1e-3f}) {
        SamplingOptions options = warm(7);
        options.temperature = temperature;
        EXPECT_EQ(seen_tokens(options, {-50.0f, 30.0f, 31.0f, 30.5f}, 50), std::set<int>({2})) << temperature;
        EXPECT_EQ(seen_tokens(options, {-largest, largest, 0.0f}, 50), std::set<int>({1})) << temperature;
        options.top_p = 0.5f;
        options.min_p = 0.1f;
        EXPECT_EQ(seen_tokens(options, {30.0f, 31.0f}, 50), std::set<int>({1})) << temperature;
    }
}

TEST(Sampler, FiltersKeepTheBestTokens) {
    const std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
    SamplingOptions top_k = warm(3);
    top_k.top_k = 2;
    EXPECT_EQ(seen_tokens(top_k, logits), std::set<int>({0, 1}));
    SamplingOptions top_p = warm(3);
    top_p.top_p = 0.9f;
    EXPECT_EQ(seen_tokens(top_p, logits), std::set<int>({0, 1, 2}));
    SamplingOptions min_p = warm(3);
    min_p.min_p = 0.2f;
    EXPECT_EQ(seen_tokens(min_p, logits), std::set<int>({0, 1, 2}));
    EXPECT_EQ(seen_tokens(warm(3), logits), std::set<int>({0, 1, 2, 3}));
}

TEST(Sampler, TopPLooksPastItsFirstSortedBlock) {
    const std::vector<float> flat(1000, 0.0f);
    SamplingOptions options = warm(5);
    options.top_p = 0.5f;
    const std::set<int> seen = seen_tokens(options, flat, 20000);
    EXPECT_EQ(*seen.rbegin(), 499) << "ties are ordered by id";
    EXPECT_GT(seen.size(), 480u);
}

TEST(Sampler, AppliesBiasAndPenalties) {
    SamplingOptions biased;
    biased.logit_bias[2] = 100;
    Sampler bias(biased);
    std::vector<float> logits = {3, 2, 1};
    EXPECT_EQ(bias.sample(logits, {}), 2);

    SamplingOptions repetition;
    repetition.repetition_penalty = 2.0f;
    Sampler repeating(repetition);
    repeating.observe(0);
    logits = {3, 2, 1};
    EXPECT_EQ(repeating.sample(logits, {}), 1);
    logits = {-3, -4, -9};
    EXPECT_EQ(repeating.sample(logits, {}), 1) << "negative logits are multiplied";

    SamplingOptions frequency;
    frequency.frequency_penalty = 0.6f;
    Sampler counting(frequency);
    counting.observe(0);
    logits = {3, 2, 1};
    EXPECT_EQ(counting.sample(logits, {}), 0);
    counting.observe(0);
    logits = {3, 2, 1};
    EXPECT_EQ(counting.sample(logits, {}), 1);
}

TEST(Sampler, ForgetsTokensOutsideTheWindow) {
    SamplingOptions options;
    options.repetition_penalty = 2.0f;
    options.repetition_window = 2;
    Sampler sampler(options);
    for (const int token : {0, 1, 1}) sampler.observe(token);
    std::vector<float> logits = {3, 3.5f, 1};
    EXPECT_EQ(sampler.sample(logits, {}), 0);
}

}  // namespace
}  // namespace hearth::llm
