// A search looks twice, through the corpus: what the second look finds, and where there is none.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "support/corpus_fixture.h"

namespace hearth {
namespace {

using test::CorpusFolder;

/// Five passages about "whirling" that also speak of ailerons, one about ailerons alone, and as much noise as asked
/// for.
void fill(CorpusFolder& folder, int noise) {
    for (int i = 0; i < 5; ++i) {
        const std::string text = "whirling aileron hinge number" + std::to_string(i);
        ASSERT_TRUE(folder.put("known" + std::to_string(i) + ".md", text).ok());
    }
    ASSERT_TRUE(folder.put("sought.md", "aileron hinge wear").ok());
    std::string text;
    for (int i = 0; i < noise; ++i) text += "filler" + std::to_string(i) + " sediment" + std::to_string(i) + "\n\n";
    ASSERT_TRUE(folder.put("noise.md", text).ok());
}

std::optional<retrieval::Hit> sought(CorpusFolder& folder, const std::string& query, int k) {
    const auto hits = folder.search(query, k);
    const auto hit = std::find_if(hits.begin(), hits.end(),
                                  [](const retrieval::Hit& one) { return one.document.path == "sought.md"; });
    return hit == hits.end() ? std::nullopt : std::optional(*hit);
}

/// Long enough to be a sentence: the words but the first are in no file, and look at right angles to all of them.
constexpr const char* kSentence = "whirling bbb ccc ddd eee fff";

TEST(CorpusFeedback, FindsWhatSharesNoWordWithTheQueryButWithItsBestPassages) {
    CorpusFolder folder(1024);
    fill(folder, 260);
    const auto hit = sought(folder, kSentence, 6);
    ASSERT_TRUE(hit.has_value()) << "behind the five that have the word, before all others";
    EXPECT_TRUE(hit->scores.bm25.has_value()) << "by its words";
    ASSERT_TRUE(hit->scores.dense.has_value());
    EXPECT_GT(*hit->scores.dense, 0.1) << "and by its vector, which was at right angles to the question";
}

TEST(CorpusFeedback, AFewChunksANameOrAPrefixAreLookedAtOnce) {
    CorpusFolder small(1024);
    fill(small, 200);
    const auto in_small = sought(small, kSentence, 200);
    EXPECT_TRUE(!in_small || !in_small->scores.bm25.has_value());
    CorpusFolder folder(1024);
    fill(folder, 260);
    const auto by_name = sought(folder, "whirling", 200);
    EXPECT_TRUE(!by_name || !by_name->scores.bm25.has_value());
    const auto by_prefix = sought(folder, std::string(kSentence) + " whirlin*", 200);
    EXPECT_TRUE(!by_prefix || !by_prefix->scores.bm25.has_value());
}

}  // namespace
}  // namespace hearth
