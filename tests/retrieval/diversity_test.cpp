#include "retrieval/diversity.h"

#include <gtest/gtest.h>

#include "support/corpus_fixture.h"

namespace hearth::retrieval {
namespace {

std::vector<std::int64_t> chunks(const std::vector<Fused>& list) {
    std::vector<std::int64_t> out;
    for (const Fused& one : list) out.push_back(one.chunk);
    return out;
}

using Chunks = std::vector<std::int64_t>;

TEST(CopiesLast, GoBehindTheRestInTheirOrder) {
    // Chunks 1, 2, 4 and 5 are one text, 1 and 2 of the same document; 3 is another; 9 has no vector.
    const std::vector<VectorRow> rows = {{1, 10}, {2, 10}, {3, 11}, {4, 12}, {5, 13}};
    const std::vector<float> vectors = {1, 0, 1, 0, 0.8f, 0.6f, 1, 0, 0.9902f, 0.1397f};
    const auto index = VectorIndex::empty(2)->with_added(rows, vectors).value();
    const std::vector<Fused> fused = {{1}, {2}, {4}, {9}, {3}, {5}};
    EXPECT_EQ(chunks(copies_last(fused, *index, 10)), (Chunks{1, 2, 9, 3, 4, 5}));
    EXPECT_EQ(chunks(copies_last(fused, *index, 2)), (Chunks{1, 2, 4, 9, 3, 5})) << "k are there: the rest may stay";
    EXPECT_TRUE(copies_last({}, *index, 10).empty());
}

TEST(CopiesLast, ACorpusShowsOtherTextsBeforeCopies) {
    test::CorpusFolder folder;
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(folder.put("copy" + std::to_string(i) + ".md", "granite quarry prices of the year").ok());
    }
    ASSERT_TRUE(folder.put("other.md", "granite is a stone that many roofs and kitchens are made of").ok());
    const auto two = folder.search("granite quarry", 2);
    ASSERT_EQ(two.size(), 2u);
    EXPECT_EQ(two[1].document.path, "other.md");
    EXPECT_EQ(folder.search("granite quarry", 10).size(), 6u) << "nothing is lost";
}

}  // namespace
}  // namespace hearth::retrieval
