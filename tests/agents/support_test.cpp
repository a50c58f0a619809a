#include "agents/support.h"

#include <gtest/gtest.h>

#include <string>

#include "agents/polarity.h"

namespace hearth::agents {
namespace {

constexpr std::string_view kAbroad =
    "You may work from another country for at most 40 working days a year. Tell your team lead three weeks before.";
constexpr std::string_view kMeals = "We pay 45 euros a day for meals. Alcohol is not covered.";

SupportIndex index() {
    return SupportIndex({{1, "Working from abroad", kAbroad}, {2, "Meals", kMeals}}, "Does Larkfield pay for meals?");
}

TEST(Support, NamesThePassageThatHoldsTheStatement) {
    const auto support = index().best_passage("You can work from abroad for 40 days a year.");
    ASSERT_TRUE(support.has_value());
    EXPECT_EQ(support->number, 1);
    EXPECT_TRUE(support->in_sentence);
    EXPECT_FALSE(support->contradicted);
}

TEST(Support, FigureFromNowhereHasNone) {
    EXPECT_FALSE(index().best_passage("You can work from abroad for 50 working days a year."));
}

TEST(Support, SpelledNumbersAreFigures) {
    EXPECT_TRUE(index().best_passage("Tell your team lead 3 weeks before."));
    EXPECT_FALSE(index().best_passage("Tell your team lead four weeks before."));
}

TEST(Support, InventedNameHasNoneButTheQuestionsNameMayBeRepeated) {
    EXPECT_FALSE(index().best_passage("We pay John 45 euros a day for meals."));
    EXPECT_TRUE(index().best_passage("At Larkfield we pay 45 euros a day for meals."));
}

TEST(Support, ContradictionIsNoSupport) {
    EXPECT_FALSE(index().best_passage("Alcohol is covered."));
    EXPECT_TRUE(index().best_passage("Alcohol is not covered."));
    ASSERT_TRUE(index().support_by(2, "Alcohol is covered."));
    EXPECT_TRUE(index().support_by(2, "Alcohol is covered.")->contradicted);
}

TEST(Support, BestSentencesAreBytesOfThePassage) {
    const retrieval::Span span = index().best_sentences(2, "Alcohol is not covered.", "");
    EXPECT_EQ(kMeals.substr(span.start, span.end - span.start), "Alcohol is not covered.");
}

TEST(Support, TheHeadingIsNoPartOfTheQuote) {
    const std::string_view text =
        "## Working from abroad\n\nAt most 40 working days a year. Tell your team lead before.";
    const SupportIndex one({{1, "Remote work > Working from abroad", text}});
    const retrieval::Span span = one.best_sentences(1, "Working from abroad is possible on 40 working days.",
                                                    "How long may I work from abroad?");
    EXPECT_EQ(text.substr(span.start, span.end - span.start), "At most 40 working days a year.");
    const std::string_view numbered = "5.1.1. Cats sleep.";
    const retrieval::Span nothing_in_common =
        SupportIndex({{1, "Pets", numbered}}).best_sentences(1, "", "What is the capital of Peru?");
    EXPECT_EQ(numbered.substr(nothing_in_common.start), "Cats sleep.");
}

TEST(Polarity, ComparesTheClauseThatShares) {
    struct Case {
        const char* statement;
        const char* sentence;
        bool opposite;
    };
    for (const Case& c : {
             Case{"Barbecues are allowed.", "Barbecues on the balcony are not allowed.", true},
             Case{"Barbecues are not allowed.", "Barbecues on the balcony are not allowed.", false},
             Case{"You do not have to wear a helmet.", "A helmet is compulsory.", true},
             Case{"Scratches are covered.", "Scratches from landing are excluded from the guarantee.", true},
             Case{"It can't be washed.", "It cannot be washed.", false},
             Case{"The way has 210 steps.", "The way has 210 steps, and cannot be used with a wheelchair.", false},
             Case{"Lead is heavy.", "Feathers do not sink.", false},
         }) {
        EXPECT_EQ(contradicts(c.statement, c.sentence), c.opposite) << c.statement << " / " << c.sentence;
    }
}

TEST(Quotes, OnlyWordsThatNoTextHoldsAreUnknown) {
    const std::string answer = "It says \"not covered\", \u201cfully\ncovered here\u201d and \"word\".";
    const auto unknown = quotes_not_in(answer, {kMeals});
    ASSERT_EQ(unknown.size(), 1u);
    EXPECT_EQ(answer.substr(unknown[0].start, unknown[0].end - unknown[0].start), "fully\ncovered here");
}

}  // namespace
}  // namespace hearth::agents
