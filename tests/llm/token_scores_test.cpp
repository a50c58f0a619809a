#include "llm/token_scores.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "support/fake_tokenizer.h"

namespace hearth::llm {
namespace {

/// Every probability below is a ratio of small integers; float32 logits carry them to 1e-6.
constexpr float kTolerance = 2e-6f;

TEST(TokenScores, AreLogarithmsOfTheSoftmax) {
    const FakeTokenizer tokenizer;
    std::vector<float> logits(static_cast<std::size_t>(tokenizer.size()), -std::numeric_limits<float>::infinity());
    logits['a'] = 80.0f;  // exp() of it alone would overflow a float
    logits['b'] = 80.0f + std::log(3.0f);
    logits[static_cast<std::size_t>(tokenizer.end())] = 80.0f;
    const TokenScore score = score_token(logits, 'a', 3, tokenizer);
    EXPECT_EQ(score.chosen.bytes, "a");
    EXPECT_NEAR(score.chosen.logprob, std::log(0.2f), 16 * kTolerance) << "80 has fewer digits left behind the point";
    ASSERT_EQ(score.top.size(), 3u);
    EXPECT_EQ(score.top[0].id, 'b');
    EXPECT_NEAR(score.top[0].logprob, std::log(0.6f), 16 * kTolerance);
    EXPECT_EQ(score.top[1].id, 'a') << "of equals the lower id";
    EXPECT_EQ(score.top[2].bytes, "<|end|>");
}

TEST(TokenScores, AsksForNoMoreThanThereIs) {
    const FakeTokenizer tokenizer;
    const std::vector<float> logits(static_cast<std::size_t>(tokenizer.size()), 0.0f);
    EXPECT_TRUE(score_token(logits, 0, 0, tokenizer).top.empty());
    EXPECT_EQ(score_token(logits, 0, 1000, tokenizer).top.size(), static_cast<std::size_t>(kMaxTopLogprobs));
    EXPECT_NEAR(score_token(logits, 7, 0, tokenizer).chosen.logprob, -std::log(258.0f), kTolerance);
}

}  // namespace
}  // namespace hearth::llm
