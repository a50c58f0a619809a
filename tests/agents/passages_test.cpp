#include "agents/passages.h"

#include <gtest/gtest.h>

#include "support/memory_folder.h"

namespace hearth::agents {
namespace {

constexpr std::string_view kText = "First one. Second one.\n\nThird one.\n\nFourth one.";

class Passages : public ::testing::Test {
  protected:
    Passages() { test::add_document(corpus_, "a/b.md", std::string(kText)); }

    retrieval::Hit hit(std::size_t start, std::size_t end, const std::string& heading, std::optional<int> page = {}) {
        retrieval::Hit hit;
        hit.document = {"id-a/b.md", "a/b.md", "markdown", "a"};
        hit.chunk = {"c", heading, page, {start, end}};
        return hit;
    }
    std::vector<retrieval::Hit> select(const std::vector<retrieval::Hit>& hits, PassageLimits limits = {}) {
        const auto count = [](std::string_view text) { return static_cast<int>(text.size()); };
        auto passages = select_passages(hits, corpus_, limits, count);
        EXPECT_TRUE(passages.ok());
        for (const retrieval::Hit& passage : *passages) {
            const retrieval::Span span = passage.chunk.span;
            EXPECT_EQ(passage.text, kText.substr(span.start, span.end - span.start));
        }
        return std::move(passages).value();
    }

    test::MemoryCorpus corpus_;
};

TEST_F(Passages, NeighboursUnderOneHeadingMerge) {
    const auto passages = select({hit(24, 34, "H"), hit(0, 22, "H")});
    ASSERT_EQ(passages.size(), 1u);
    EXPECT_EQ(passages[0].chunk.span.start, 0u);
    EXPECT_EQ(passages[0].chunk.span.end, 34u);
}

TEST_F(Passages, AHitThatClosesTheGapJoinsThree) {
    EXPECT_EQ(select({hit(0, 22, "H"), hit(36, 47, "H"), hit(24, 34, "H")}).size(), 1u);
}

TEST_F(Passages, AnotherHeadingOrPageStaysApart) {
    EXPECT_EQ(select({hit(0, 22, "H"), hit(24, 34, "G")}).size(), 2u);
    EXPECT_EQ(select({hit(0, 22, "H", 1), hit(24, 34, "H", 2)}).size(), 2u);
    EXPECT_EQ(select({hit(0, 22, "H", 1), hit(24, 34, "H", 1)}).size(), 1u);
}

TEST_F(Passages, BudgetCutsAfterASentence) {
    const auto passages = select({hit(0, 22, "")}, {.count = 4, .token_budget = 12 + 15});
    ASSERT_EQ(passages.size(), 1u);
    EXPECT_EQ(passages[0].text, "First one.");
}

TEST_F(Passages, TheFirstPassageAlwaysStays) {
    EXPECT_EQ(select({hit(0, 22, "H"), hit(36, 47, "G")}, {.count = 4, .token_budget = 1}).size(), 1u);
}

TEST_F(Passages, CountLimitsTheHits) {
    EXPECT_EQ(select({hit(0, 10, "H"), hit(24, 34, "G"), hit(36, 47, "I")}, {.count = 2, .token_budget = 500}).size(),
              2u);
}

TEST_F(Passages, AVanishedDocumentIsLeftOut) {
    corpus_.erase("id-a/b.md");
    EXPECT_TRUE(select({hit(0, 22, "H")}).empty());
}

}  // namespace
}  // namespace hearth::agents
