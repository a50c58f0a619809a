#include "ingest/token_windows.h"

#include <gtest/gtest.h>

#include <random>

#include "support/fake_sink.h"

namespace hearth::ingest {
namespace {

/// Remembers how much it was ever asked to tokenize at once.
class MeasuringCounter : public test::WordCounter {
  public:
    std::vector<TextSpan> token_spans(std::string_view text) const override {
        longest = std::max(longest, text.size());
        total += text.size();
        return test::WordCounter::token_spans(text);
    }
    mutable std::size_t longest = 0;
    mutable std::size_t total = 0;
};

TEST(TokenWindows, CountLikeOneTokenizationOfTheWholeText) {
    std::mt19937 random(5);
    std::string text;
    while (text.size() < 500'000) text += std::string(1 + random() % 9, 'w') + (random() % 8 == 0 ? "\n" : " ");
    const MeasuringCounter counter;
    const auto whole = test::WordCounter().token_spans(text);
    TokenWindows windows(text, counter);
    const auto expected = [&](std::size_t start, std::size_t end) {
        return std::count_if(whole.begin(), whole.end(),
                             [&](const TextSpan& token) { return token.end > start && token.start < end; });
    };
    for (int i = 0; i < 300; ++i) {
        const std::size_t start = random() % text.size();
        const std::size_t end = std::min(text.size(), start + random() % 100'000);
        ASSERT_EQ(windows.count(start, end), expected(start, end)) << start << " " << end;
        const int budget = static_cast<int>(random() % 20'000);
        const std::size_t reached = windows.reach(start, budget, end);
        ASSERT_LE(expected(start, reached), budget);
        ASSERT_TRUE(reached == end || expected(start, reached + 1) > budget);
    }
    EXPECT_LE(counter.longest, 64u << 10);
}

TEST(TokenWindows, TextWithoutBlanksIsCutAtCharacters) {
    std::string text;
    while (text.size() < 200'000) text += "\u3042";
    const MeasuringCounter counter;
    TokenWindows windows(text, counter);
    EXPECT_GE(windows.count(0, text.size()), 3);
    EXPECT_LE(counter.longest, 64u << 10);
}

TEST(TokenWindows, GoingForwardTokenizesOnce) {
    std::string text;
    while (text.size() < 1'000'000) text += "a b c ";
    const MeasuringCounter counter;
    TokenWindows windows(text, counter);
    for (std::size_t at = 0; at + 2000 < text.size(); at += 700) windows.count(at, at + 2000);
    EXPECT_LE(counter.total, text.size());
}

}  // namespace
}  // namespace hearth::ingest
