#include "agents/table_question.h"

#include <gtest/gtest.h>

namespace hearth::agents {
namespace {

retrieval::TableInfo orders() {
    retrieval::TableInfo table;
    table.name = "orders";
    table.columns = {{"order_", "Order", CellType::kText}, {"amount", "Amount", CellType::kNumber}};
    return table;
}

TEST(AsksToCompute, Table) {
    for (const char* question : {"How many orders are paid?", "What is the total amount?", "The average salary in IT?",
                                 "Which customer has the highest amount?", "Number of people in Oslo", "SUM of prices"})
        EXPECT_TRUE(asks_to_compute(question)) << question;
    for (const char* question : {"Who approves flights?", "Is the hut at most 3 metres high?", "What does it mean?",
                                 "Summarise the orders", "Which account is used?", ""})
        EXPECT_FALSE(asks_to_compute(question)) << question;
}

TEST(IsAbout, NeedsAWordOfTheTableItself) {
    EXPECT_TRUE(is_about("How many orders are paid?", orders()));
    EXPECT_TRUE(is_about("What is the sum of the amounts?", orders()));
    EXPECT_FALSE(is_about("How many days of leave do I have?", orders()));
    EXPECT_FALSE(is_about("What is the total?", orders()));
    retrieval::TableInfo file = orders();
    file.document.type = "csv";
    EXPECT_TRUE(is_about("How many days of leave do I have?", file));
}

TEST(SqlMessages, ShowColumnsAndSomeRows) {
    SqlRows rows{{"order_", "amount"}, {{std::string("A-1"), 12.5}, {std::monostate(), std::int64_t{3}}}, true};
    const auto messages = sql_messages("How many?", {{orders(), rows}});
    EXPECT_EQ(messages.at(1).content,
              "CREATE TABLE orders (order_ TEXT, amount NUMBER);\n-- rows of orders: ('A-1', 12.5); (NULL, 3)\n"
              "\nQuestion: How many?");
    retrieval::TableInfo wide = orders();
    wide.columns.resize(1000, {"a_column_with_a_rather_long_name", "", CellType::kText});
    EXPECT_LT(sql_messages("?", {{wide, rows}, {wide, rows}, {wide, rows}, {wide, rows}}).at(1).content.size(), 4100u);
}

TEST(SqlOfReply, IsTheFieldOrNothing) {
    EXPECT_EQ(sql_of_reply(R"({"sql":"SELECT 1"})"), "SELECT 1");
    for (const char* reply : {"", "SELECT 1", "{}", "[]", R"({"sql":1})", R"({"sql":"SEL)"})
        EXPECT_EQ(sql_of_reply(reply), "") << reply;
}

TEST(ObjectionTo, StatementsThatAskSomethingElse) {
    const auto fine = [](const char* sql, const char* question) { return objection_to(sql, question, {}).empty(); };
    EXPECT_TRUE(fine("SELECT count(*) FROM o WHERE s = 'paid'", "How many orders are paid?"));
    EXPECT_TRUE(
        fine("SELECT COUNT(*) FROM o WHERE s = 'Paid' AND d LIKE '2024-03%'", "How many were paid in March 2024?"));
    EXPECT_TRUE(fine("SELECT sum(a) FROM o WHERE c = 'Nordic AS'", "What is the total of Nordic AS?"));
    EXPECT_TRUE(fine("SELECT count(*) FROM o WHERE strftime('%Y', d) = '2024'", "How many in 2024?"));
    EXPECT_TRUE(fine("SELECT c FROM o GROUP BY c ORDER BY sum(a) DESC LIMIT 1", "Who has the highest total amount?"));
    EXPECT_FALSE(fine("SELECT sum(a) FROM o WHERE s = 'cancelled'", "What is the sum of open orders?"));
    EXPECT_FALSE(fine("SELECT department FROM e", "How many departments are there?"));
    EXPECT_FALSE(fine("SELECT c FROM o WHERE a = (SELECT max(a) FROM o)", "Who has the highest total amount?"));
    EXPECT_FALSE(fine("SELECT max(s) FROM e", "What is the average salary?"));
    EXPECT_TRUE(fine("SELECT avg(pages) FROM b", "What is the average number of pages?"));
    EXPECT_FALSE(fine("SELECT max(pages) FROM b", "What is the number of pages?"));
    EXPECT_FALSE(fine("SELECT count(*) FROM o WHERE c = 'O''Brien'", "How many orders of Miller?"));
    EXPECT_TRUE(fine("SELECT count(*) FROM o WHERE c = 'O''Brien", "How many orders of O'Brien?"));
}

TEST(ObjectionTo, AValueThatTheStatementLeavesOut) {
    const SampledTable sampled{orders(),
                               {{"order_", "status"},
                                {{std::string("A-1"), std::string("open")}, {std::string("A-2"), std::string("IT")}},
                                false}};
    const std::string question = "What is the largest open order?";
    EXPECT_EQ(objection_to("SELECT max(a) FROM o", question, {sampled}), "the question also says 'open'");
    EXPECT_EQ(objection_to("SELECT max(a) FROM o WHERE s = 'Open'", question, {sampled}), "");
    EXPECT_EQ(objection_to("SELECT max(a) FROM o", "What is the largest of it?", {sampled}), "");
}

TEST(SaysSomething, NothingZeroAndNullDoNot) {
    const auto says = [](std::vector<std::vector<SqlValue>> rows) {
        return says_something({{"a"}, std::move(rows), false});
    };
    EXPECT_FALSE(says({}));
    EXPECT_FALSE(says({{std::int64_t{0}}}));
    EXPECT_FALSE(says({{std::monostate()}}));
    EXPECT_TRUE(says({{std::int64_t{7}}}));
    EXPECT_TRUE(says({{std::int64_t{0}}, {std::int64_t{0}}}));
}

TEST(TableAnswer, ShowsTheResultTheMarksAndTheStatement) {
    std::vector<CitationMark> places;
    const std::string one =
        table_answer({{"count(*)"}, {{std::int64_t{137}}}, false}, "SELECT\n count(*) FROM o", {1}, places);
    EXPECT_EQ(one, "137 [1].\n\nComputed by:\n\n```sql\nSELECT count(*) FROM o\n```");
    ASSERT_EQ(places.size(), 1u);
    EXPECT_EQ(one.substr(places[0].start, places[0].end - places[0].start), "[1]");
    places.clear();
    const std::string many = table_answer({{"a", "b"}, {{std::string("x|y"), 0.5}, {std::monostate(), 1.0}}, true},
                                          "SELECT a, b FROM o", {1, 2}, places);
    EXPECT_TRUE(
        many.starts_with("| a | b |\n| --- | --- |\n| x\\|y | 0.5 |\n|  | 1 |\n\nThere are more rows.\n\nFrom the "
                         "table [1] [2].\n"));
    EXPECT_EQ(many.substr(places[1].start, places[1].end - places[1].start), "[2]");
}

}  // namespace
}  // namespace hearth::agents
