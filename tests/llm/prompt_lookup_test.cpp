#include "llm/prompt_lookup.h"

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

using Tokens = std::vector<std::int32_t>;

Tokens guess(PromptLookup& lookup, const Tokens& tokens, int most) {
    const auto found = lookup.guess(tokens, most);
    return {found.begin(), found.end()};
}

TEST(PromptLookup, ContinuesWhatStoodBefore) {
    PromptLookup lookup;
    Tokens tokens = {1, 2, 3, 4, 5, 6, 9, 2, 3, 4};
    EXPECT_EQ(guess(lookup, tokens, 2), (Tokens{5, 6}));
    tokens.push_back(5);
    EXPECT_EQ(guess(lookup, tokens, 3), (Tokens{6, 9, 2}));
    tokens.push_back(7);
    EXPECT_EQ(guess(lookup, tokens, 3), Tokens{});
}

TEST(PromptLookup, NeedsThreeTokensInARow) {
    PromptLookup lookup;
    EXPECT_EQ(guess(lookup, {1, 2, 3, 8, 2, 3}, 4), Tokens{});
    PromptLookup empty;
    EXPECT_EQ(guess(empty, {}, 4), Tokens{});
    EXPECT_EQ(guess(empty, {1, 1}, 4), Tokens{});
}

TEST(PromptLookup, PrefersTheLongestMatchThenTheLatest) {
    PromptLookup longest;
    EXPECT_EQ(guess(longest, {7, 1, 2, 3, 40, 8, 1, 2, 3, 50, 7, 1, 2, 3}, 1), Tokens{40});
    PromptLookup latest;
    EXPECT_EQ(guess(latest, {7, 1, 2, 3, 40, 8, 1, 2, 3, 50, 9, 1, 2, 3}, 1), Tokens{50});
}

TEST(PromptLookup, ARepetitionGoesOnWithItself) {
    PromptLookup lookup;
    EXPECT_EQ(guess(lookup, {1, 2, 1, 2, 1, 2}, 5), (Tokens{1, 2, 1, 2, 1}));
}

TEST(DraftPace, GrowsWithSuccessAndRestsAfterFailure) {
    DraftPace pace;
    EXPECT_EQ(pace.most(), 4);
    pace.observe(4, 4);
    EXPECT_EQ(pace.most(), 8);
    pace.observe(8, 8);
    EXPECT_EQ(pace.most(), 15);
    pace.observe(15, 6);
    EXPECT_EQ(pace.most(), 7);
    for (const int rest : {1, 2, 4}) {
        pace.observe(pace.most(), 0);
        for (int i = 0; i < rest; ++i) {
            EXPECT_EQ(pace.most(), 0);
            pace.observe(0, 0);
        }
        EXPECT_EQ(pace.most(), 4);
    }
    pace.observe(4, 1);
    pace.observe(2, 0);
    EXPECT_EQ(pace.most(), 0);
    pace.observe(0, 0);
    EXPECT_GT(pace.most(), 0) << "one success forgives the failures before it";
}

}  // namespace
}  // namespace hearth::llm
