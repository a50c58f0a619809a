#include "retrieval/lexical.h"

#include <gtest/gtest.h>

#include <cmath>

#include "retrieval/fts_rank.h"
#include "support/temp_dir.h"

namespace hearth::retrieval {
namespace {

std::string expression_of(std::string_view query) {
    return fts_expression(lexical_terms(query));
}

TEST(FtsExpression, QuotesEveryWordAndDropsStopWordsAndRepeats) {
    EXPECT_EQ(expression_of("What is the Pump pressure of the pump?"), "\"pump\" OR \"pressure\"");
    EXPECT_EQ(expression_of("to be or not to be"), "\"to\" OR \"be\" OR \"or\" OR \"not\"");
    EXPECT_EQ(expression_of(" ?! "), "");
}

TEST(FtsExpression, KeepsPhrasesAndPrefixes) {
    EXPECT_EQ(expression_of("\"heat of  fusion\" therm*"), "\"heat of fusion\" OR \"therm\"*");
    EXPECT_EQ(expression_of("\"unclosed phrase"), "\"unclosed\" OR \"phrase\"");
    EXPECT_EQ(expression_of("\"\" x"), "\"x\"");
}

TEST(FtsExpression, OperatorsAreOnlyWords) {
    EXPECT_EQ(expression_of("body:pump AND NEAR(a1,b1) ^c1"),
              "\"body\" OR \"pump\" OR \"near\" OR \"a1\" OR \"b1\" OR \"c1\"");
}

TEST(FtsExpression, IsBounded) {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "word" + std::to_string(i) + " ";
    const std::string expression = expression_of(many);
    EXPECT_NE(expression.find("\"word63\""), std::string::npos);
    EXPECT_EQ(expression.find("\"word64\""), std::string::npos);
}

TEST(RankFunction, IsBm25WithItsOwnConstants) {
    const test::TempDir folder;
    auto database = Database::open_writer(folder.path("a.db"));
    ASSERT_TRUE(database.ok());
    const RankWeights weights{.k1 = 0.9, .b = 0.4, .title = 2, .heading = 1, .body = 1};
    ASSERT_TRUE(register_rank_function(*database, weights).ok());
    ASSERT_TRUE(database
                    ->execute("CREATE VIRTUAL TABLE chunk_text USING fts5 (title, heading, body, content = '',"
                              " tokenize = 'porter unicode61');"
                              "CREATE TABLE chunks (chunk INTEGER PRIMARY KEY, document INTEGER);"
                              "INSERT INTO chunk_text (rowid, title, heading, body) VALUES"
                              " (1, 'pump', '', 'a pump here'), (2, '', '', 'four words without it'),"
                              " (3, '', 'x', 'pumps')")
                    .ok());
    const auto hits = lexical_search(*database, lexical_terms("pump"), 10, nullptr);
    ASSERT_TRUE(hits.ok());
    ASSERT_EQ(hits->size(), 2u);
    const double average = (5.0 + 4.0 + 2.0) / 3;  // lengths: title counts twice
    const double idf = std::log(1 + (3 - 2 + 0.5) / (2 + 0.5));
    const auto score = [&](double frequency, double length) {
        return idf * frequency * 1.9 / (frequency + 0.9 * (0.6 + 0.4 * length / average));
    };
    EXPECT_EQ(hits->at(0).chunk, 1);
    EXPECT_NEAR(hits->at(0).score, score(3, 5), 1e-12);
    EXPECT_EQ(hits->at(1).chunk, 3);
    EXPECT_NEAR(hits->at(1).score, score(1, 2), 1e-12);
}

}  // namespace
}  // namespace hearth::retrieval
