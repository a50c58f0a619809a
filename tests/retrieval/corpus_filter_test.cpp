// Filters are part of both searches: what they admit is ranked as if it were alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "retrieval/query_syntax.h"
#include "support/corpus_fixture.h"

namespace hearth {
namespace {

using test::CorpusFolder;

/// The files of the one folder are all in `wanted` too; each has the words in other numbers.
void fill(CorpusFolder& folder, int noise) {
    for (int i = 0; i < noise; ++i) {
        ASSERT_TRUE(folder.put("noise/" + std::to_string(i) + ".md", "granite granite quarry granite").ok());
    }
    for (int i = 0; i < 40; ++i) {
        std::string text = "granite";
        for (int n = 0; n < i; ++n) text += " slab" + std::to_string(n);
        ASSERT_TRUE(folder.put("wanted/" + std::to_string(i) + ".md", text).ok());
    }
}

std::vector<std::string> paths(CorpusFolder& folder, const std::string& typed) {
    auto query = retrieval::parse_query(typed);
    EXPECT_TRUE(query.ok()) << query.error().message;
    query->k = 200;
    const auto hits = folder.corpus->search(*query);
    EXPECT_TRUE(hits.ok()) << hits.error().message;
    std::vector<std::string> out;
    for (const auto& hit : *hits) {
        EXPECT_TRUE(hit.scores.bm25.has_value() && hit.scores.dense.has_value()) << "in both lists";
        out.push_back(hit.document.path);
    }
    return out;
}

TEST(CorpusFilter, ANarrowFilterFindsAsMuchAsASearchOfThoseFilesAlone) {
    CorpusFolder whole;
    fill(whole, 150);  // more than either list is deep
    CorpusFolder alone;
    fill(alone, 0);
    const auto narrow = paths(whole, "granite path:wanted");
    EXPECT_EQ(narrow.size(), 40u);
    auto expected = paths(alone, "granite");
    EXPECT_EQ(std::vector(narrow.begin(), narrow.begin() + 10), std::vector(expected.begin(), expected.begin() + 10));
    EXPECT_EQ(paths(whole, "granite -path:noise"), narrow);
    EXPECT_EQ(paths(whole, "granite -quarry"), narrow) << "chunks with a word that is left out";
    EXPECT_EQ(paths(whole, "granite collection:wanted type:md after:2020 before:2030"), narrow);
    EXPECT_TRUE(paths(whole, "granite after:2030").empty());
}

TEST(CorpusFilter, WhatIsLeftOutIsStemmedAndIncludesTheTitle) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("draft.md", "granite prices").ok());
    ASSERT_TRUE(folder.put("a.md", "granite quarries close").ok());
    ASSERT_TRUE(folder.put("b.md", "granite of the quarry owner").ok());
    EXPECT_EQ(paths(folder, "granite -quarry").size(), 1u);
    EXPECT_EQ(paths(folder, "granite -draft").size(), 2u);
    EXPECT_EQ(paths(folder, "granite -\"quarry owner\"").size(), 2u);
    EXPECT_EQ(paths(folder, "granite -quarr*").size(), 1u);
    EXPECT_EQ(paths(folder, "granite -\"\" -!").size(), 3u);
}

}  // namespace
}  // namespace hearth
