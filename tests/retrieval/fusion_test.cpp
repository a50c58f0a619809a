#include "retrieval/fusion.h"

#include <gtest/gtest.h>

namespace hearth::retrieval {
namespace {

TEST(ReciprocalRankFusion, AddsTheReciprocalsOfBothRanks) {
    const std::vector<Ranked> lexical{{7, 9.5}, {8, 3.0}};
    const std::vector<Ranked> dense{{8, 0.9}, {9, 0.8}};
    const auto fused = reciprocal_rank_fusion(lexical, dense);
    ASSERT_EQ(fused.size(), 3u);
    EXPECT_EQ(fused[0].chunk, 8);
    EXPECT_DOUBLE_EQ(fused[0].score, 1.0 / 62 + 1.0 / 61);
    EXPECT_EQ(fused[0].bm25, 3.0);
    EXPECT_EQ(fused[0].dense, 0.9);
    EXPECT_EQ(fused[1].chunk, 7);
    EXPECT_FALSE(fused[1].dense.has_value());
    EXPECT_FALSE(fused[2].bm25.has_value());
}

TEST(ReciprocalRankFusion, BreaksTiesByChunkId) {
    const auto fused = reciprocal_rank_fusion(std::vector<Ranked>{{5, 1}}, std::vector<Ranked>{{3, 1}});
    ASSERT_EQ(fused.size(), 2u);
    EXPECT_EQ(fused[0].chunk, 3);
}

Window window(std::int64_t document, std::int64_t ordinal, std::string heading = {}, std::optional<int> page = {}) {
    const auto start = static_cast<std::size_t>(ordinal) * 80;
    return {document, ordinal, {start, start + 100}, std::move(heading), page};
}

TEST(MergeNeighbours, OverlappingWindowsBecomeOnePlaceUnderTheBestsIdentity) {
    const std::vector<Window> candidates{window(1, 4), window(2, 4), window(1, 5), window(1, 3)};
    const auto places = merge_neighbours(candidates, 10);
    ASSERT_EQ(places.size(), 2u);
    EXPECT_EQ(places[0].best, 0u);
    EXPECT_EQ(places[0].span.start, 240u);
    EXPECT_EQ(places[0].span.end, 500u);
    EXPECT_EQ(places[1].best, 1u);
}

TEST(MergeNeighbours, KeepsSectionsPagesAndLongRunsApart) {
    EXPECT_EQ(merge_neighbours(std::vector{window(1, 1, "A"), window(1, 2, "B")}, 10).size(), 2u);
    EXPECT_EQ(merge_neighbours(std::vector{window(1, 1, "", 3), window(1, 2, "", 4)}, 10).size(), 2u);
    EXPECT_EQ(merge_neighbours(std::vector{window(1, 1), window(1, 3)}, 10).size(), 2u);
    EXPECT_EQ(merge_neighbours(std::vector{window(1, 1), window(1, 2), window(1, 3), window(1, 4)}, 10).size(), 2u);
}

TEST(MergeNeighbours, StopsAtTheWantedNumber) {
    const std::vector<Window> candidates{window(1, 1), window(2, 1), window(3, 1)};
    EXPECT_EQ(merge_neighbours(candidates, 2).size(), 2u);
}

}  // namespace
}  // namespace hearth::retrieval
