#include "retrieval/feedback.h"

#include <gtest/gtest.h>

#include <cmath>

#include "retrieval/fts_rank.h"
#include "retrieval/lexical.h"
#include "support/temp_dir.h"

namespace hearth::retrieval {
namespace {

std::vector<IndexedWord> passage(std::initializer_list<const char*> words) {
    std::vector<IndexedWord> out;
    for (const char* word : words) out.push_back({word, word});
    return out;
}

TEST(TellingWords, AreFrequentInThePassagesAndRareElsewhere) {
    const std::vector<std::vector<IndexedWord>> passages = {passage({"wing", "flutter", "the", "speed", "ab"}),
                                                            passage({"flutter", "speed", "the", "tail", "gone"})};
    const auto idf = [](const std::string& stem) { return stem == "speed" ? 0.5 : stem == "gone" ? 0.0 : 2.0; };
    const auto words = telling_words(passages, idf);
    ASSERT_EQ(words.size(), 4u) << "neither the stop word, nor the short one, nor the one everybody has";
    EXPECT_EQ(words[0].stem, "flutter");
    // Shares: flutter 2/10 x 2, wing and tail 1/10 x 2, speed 2/10 x 0.5; together 0.9.
    EXPECT_NEAR(words[0].weight, 0.4 / 0.9, 1e-12);
    EXPECT_EQ(words[1].stem, "tail");
    EXPECT_EQ(words[2].stem, "wing");
    EXPECT_NEAR(words[3].weight, 0.1 / 0.9, 1e-12);
}

TEST(TellingWords, AreFew) {
    std::vector<IndexedWord> many;
    for (int i = 0; i < 500; ++i) many.push_back({"word" + std::to_string(i), "Word" + std::to_string(i)});
    const std::vector<std::vector<IndexedWord>> passages = {many};
    EXPECT_EQ(telling_words(passages, [](const std::string&) { return 1.0; }).size(), kFeedbackWords);
    EXPECT_TRUE(telling_words({}, [](const std::string&) { return 1.0; }).empty());
}

TEST(MoveTowards, KeepsUnitLength) {
    std::vector<float> query = {1, 0};
    const std::vector<float> a = {0, 1}, b = {1, 0};
    const std::vector<std::span<const float>> near = {a, b};
    move_towards(query, near);
    // (1, 0) + 0.6 * (0.5, 0.5) = (1.3, 0.3)
    EXPECT_NEAR(query[0], 1.3 / std::sqrt(1.78), 1e-6);
    EXPECT_NEAR(query[1], 0.3 / std::sqrt(1.78), 1e-6);
    const std::vector<float> before = query;
    move_towards(query, {});
    EXPECT_EQ(query, before);
}

class IndexedWordsTest : public testing::Test {
  protected:
    void SetUp() override {
        Database writer = Database::open_writer(folder_.path("a.db")).value();
        ASSERT_TRUE(writer
                        .execute("CREATE VIRTUAL TABLE chunk_text USING fts5 (title, heading, body, content = '',"
                                 " tokenize = 'porter unicode61');"
                                 "CREATE TABLE chunks (chunk INTEGER PRIMARY KEY, document INTEGER);"
                                 "INSERT INTO chunk_text (rowid, title, heading, body) VALUES"
                                 " (1, '', '', 'pump pumps'), (2, '', '', 'pumping valve'), (3, '', '', 'valve')")
                        .ok());
        reader_.emplace(Database::open_reader(folder_.path("a.db")).value());
        ASSERT_TRUE(register_rank_function(*reader_).ok());
        ASSERT_TRUE(register_word_functions(*reader_).ok());
    }
    test::TempDir folder_;
    std::optional<Database> reader_;
};

TEST_F(IndexedWordsTest, AreStemmedAsTheIndexDoes) {
    const auto words = indexed_words(*reader_, "\"pump\"", "The Pumps, pumping!");
    ASSERT_TRUE(words.ok()) << words.error().message;
    ASSERT_EQ(words->size(), 3u);
    EXPECT_EQ((*words)[1].stem, "pump");
    EXPECT_EQ((*words)[1].surface, "Pumps");
    EXPECT_EQ((*words)[2].surface, "pumping");
    EXPECT_TRUE(indexed_words(*reader_, "\"absent\"", "The Pumps").value().empty());
    EXPECT_TRUE(indexed_words(*reader_, "\"pump\"", "").value().empty());
}

TEST_F(IndexedWordsTest, CountsTheChunksOfAStem) {
    StemCountCache cache;
    auto counts = StemCounts::open(*reader_, 7, cache);
    ASSERT_TRUE(counts.ok()) << counts.error().message;
    EXPECT_EQ(counts->of("pump").value(), 2);
    EXPECT_EQ(counts->of("valv").value(), 2);
    EXPECT_EQ(counts->of("absent").value(), 0);
    EXPECT_EQ(cache.find(7, "pump"), 2);
    EXPECT_EQ(cache.find(8, "pump"), std::nullopt) << "of another generation";
    cache.insert(8, "pump", 5);
    EXPECT_EQ(counts->of("pump").value(), 2) << "an older reader keeps its own view";
    EXPECT_EQ(cache.find(8, "pump"), 5);
}

TEST_F(IndexedWordsTest, TermsCountByTheirWeight) {
    auto terms = lexical_terms("pump valve");
    const auto first = [&] { return lexical_search(*reader_, terms, 10, nullptr).value().front().chunk; };
    EXPECT_EQ(first(), 2) << "it has both";
    terms[1].weight = 0;
    EXPECT_EQ(first(), 1);
    terms[0].weight = 0.1;
    terms[1].weight = 5;
    EXPECT_EQ(first(), 3) << "the shorter of the two with the valve";
}

TEST_F(IndexedWordsTest, TheConnectionStaysReadOnly) {
    EXPECT_FALSE(reader_->execute("INSERT INTO chunks VALUES (9, 9)").ok());
    EXPECT_FALSE(reader_->execute("CREATE TEMP TABLE more (x)").ok());
}

}  // namespace
}  // namespace hearth::retrieval
