// The seat of a reranker in a search.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "support/corpus_fixture.h"

namespace hearth::retrieval {
namespace {

/// Likes a word that the search itself thinks nothing of.
class WordLover : public Reranker {
  public:
    explicit WordLover(std::string word) : word_(std::move(word)) {}
    Result<std::vector<float>> score(const std::string& question, std::span<const std::string> passages) override {
        asked = question;
        most = std::max(most, passages.size());
        if (failure) return *failure;
        std::vector<float> out;
        for (const std::string& passage : passages)
            out.push_back(passage.find(word_) != std::string::npos ? 0.9f : 0.1f);
        if (broken) out.back() = std::numeric_limits<float>::quiet_NaN();
        return out;
    }

    std::string asked;
    std::size_t most = 0;
    std::optional<Error> failure;
    bool broken = false;

  private:
    std::string word_;
};

class CorpusRerank : public testing::Test {
  protected:
    void SetUp() override {
        folder_.corpus.reset();
        auto opened =
            Corpus::open({.directory = folder_.directory.path("data"), .reranker = &reranker_}, folder_.embedder);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        folder_.corpus = std::move(*opened);
        ASSERT_TRUE(folder_.put("a.md", "Kilns kilns kilns are hot.").ok());
        ASSERT_TRUE(folder_.put("b.md", "A kiln stands near the walnut tree in a long garden.").ok());
        ASSERT_TRUE(folder_.put("c.md", "Kilns are hot.").ok());
    }

    WordLover reranker_{"walnut"};
    test::CorpusFolder folder_;
};

TEST_F(CorpusRerank, DecidesTheOrderAndIsTold) {
    const auto hits = folder_.search("hot kilns");
    ASSERT_EQ(hits.size(), 3u);
    EXPECT_EQ(reranker_.asked, "hot kilns");
    EXPECT_EQ(hits[0].document.path, "b.md");
    EXPECT_FLOAT_EQ(static_cast<float>(hits[0].score), 0.9f);
    EXPECT_FLOAT_EQ(static_cast<float>(*hits[0].scores.rerank), 0.9f);
    EXPECT_GT(hits[1].scores.fused, hits[0].scores.fused) << "which alone would have put it first";
    EXPECT_GT(hits[1].scores.fused, hits[2].scores.fused) << "equals stay in the fused order";
}

TEST_F(CorpusRerank, ASearchSurvivesWhatTheRerankerDoes) {
    for (const bool broken : {false, true}) {
        reranker_.broken = broken;
        if (!broken) reranker_.failure = Error(ErrorCode::kResourceExhausted, "no memory");
        const auto hits = folder_.search("hot kilns");
        ASSERT_EQ(hits.size(), 3u);
        EXPECT_EQ(hits[2].document.path, "b.md");
        EXPECT_FALSE(hits[0].scores.rerank);
        EXPECT_EQ(hits[0].score, hits[0].scores.fused);
        reranker_.failure.reset();
    }
    reranker_.failure = Error(ErrorCode::kCancelled, "cancelled");
    EXPECT_EQ(folder_.corpus->search({.text = "hot kilns"}).error().code, ErrorCode::kCancelled);
}

TEST_F(CorpusRerank, ReadsABoundedNumberOfPassages) {
    for (int i = 0; i < 80; ++i)
        ASSERT_TRUE(
            folder_.put("many/" + std::to_string(i) + ".md", "Number " + std::to_string(i) + " of hot kilns.").ok());
    EXPECT_EQ(folder_.search("hot kilns", 5).size(), 5u);
    EXPECT_EQ(reranker_.most, 32u);
    const auto hits = folder_.search("hot kilns", 30);
    EXPECT_EQ(reranker_.most, 60u);
    for (std::size_t i = 1; i < hits.size(); ++i) EXPECT_LE(hits[i].score, hits[i - 1].score);
}

}  // namespace
}  // namespace hearth::retrieval
