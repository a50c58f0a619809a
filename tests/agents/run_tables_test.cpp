// The answering loop where the documents have tables.
#include <gtest/gtest.h>

#include "agents/agent.h"
#include "agents/table_question.h"
#include "support/fake_engine.h"
#include "support/memory_folder.h"

namespace hearth::agents {
namespace {

constexpr const char* kQuestion = "How many orders are paid?";

class TableLoop : public ::testing::Test {
  protected:
    TableLoop() {
        test::add_document(corpus_, "shop/orders.csv", "Some 400 orders are paid.\n\nA-1 | paid | 12.5",
                           "orders > Columns and totals");
        retrieval::TableInfo table;
        table.name = "orders";
        table.document = {"id-shop/orders.csv", "shop/orders.csv", "csv", "shop"};
        table.span = {0, 25};
        table.columns = {{"order_", "Order", CellType::kText}, {"status", "Status", CellType::kText}};
        table.rows = 400;
        corpus_.add_table(table);
        corpus_.table_rows = {{"count(*)"}, {{std::int64_t{137}}}, false};
    }
    Answer ask(const std::string& question) {
        AskRequest request;
        request.messages = messages_;
        request.messages.push_back({llm::Role::kUser, question, {}, {}, {}});
        const auto agent = Agent::create(options_, model_, embedder_, corpus_);
        auto answer = agent->ask(request, {}, {});
        EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().message);
        return answer.ok() ? std::move(answer).value() : Answer{};
    }
    void write_sql(const std::string& sql) { model_.say(R"({"sql":")" + sql + "\"}"); }

    test::StepModel model_;
    test::BagEmbedder embedder_;
    test::MemoryCorpus corpus_;
    AgentOptions options_;
    std::vector<llm::Message> messages_;
};

TEST_F(TableLoop, CountsAreComputedAndShownWithTheirStatement) {
    write_sql("SELECT count(*) FROM orders WHERE status = 'paid'");
    const Answer answer = ask(kQuestion);
    EXPECT_TRUE(answer.found);
    EXPECT_TRUE(answer.text.starts_with("137 [1].")) << answer.text;
    EXPECT_NE(answer.text.find("SELECT count(*) FROM orders WHERE status = 'paid'"), std::string::npos);
    ASSERT_EQ(answer.sources.size(), 1u);
    const Source& source = answer.sources[0];
    EXPECT_EQ(source.hit.document.path, "shop/orders.csv");
    EXPECT_EQ(source.computed, "count(*)\n137");
    EXPECT_TRUE(source.cited && source.verified);
    ASSERT_EQ(answer.tools.size(), 1u);
    EXPECT_EQ(answer.tools[0].name, "query_table");
    EXPECT_EQ(model_.requests.at(0).json_schema, kSqlReplySchema);
    EXPECT_NE(model_.requests[0].messages.back().content.find("CREATE TABLE orders"), std::string::npos);
}

TEST_F(TableLoop, AStatementThatAsksSomethingElseIsWrittenAgain) {
    write_sql("SELECT count(*) FROM orders WHERE status = 'cancelled'");
    write_sql("SELECT count(*) FROM orders WHERE status = 'paid'");
    const Answer answer = ask(kQuestion);
    EXPECT_TRUE(answer.text.starts_with("137 [1]."));
    EXPECT_NE(model_.requests.at(1).messages.back().content.find("does not say 'cancelled'"), std::string::npos);
}

TEST_F(TableLoop, WithoutAStatementThePassagesAnswer) {
    write_sql("SELECT order_ FROM orders");
    write_sql("SELECT order_ FROM orders");
    model_.say("Some 400 orders are paid.");
    const Answer answer = ask(kQuestion);
    EXPECT_EQ(answer.text.find("sql"), std::string::npos);
    EXPECT_TRUE(answer.tools.empty());
    EXPECT_EQ(answer.sources.at(0).computed, "");
    EXPECT_EQ(model_.requests.size(), 3u);
}

TEST_F(TableLoop, ZeroIsNotToldFromAFilterThatFitsNothing) {
    corpus_.table_rows.rows = {{std::int64_t{0}}};
    write_sql("SELECT count(*) FROM orders WHERE status = 'paid'");
    model_.say("Some 400 orders are paid.");
    EXPECT_FALSE(ask(kQuestion).text.starts_with("0"));
}

TEST_F(TableLoop, OtherQuestionsAreAnsweredFromThePassages) {
    model_.say("Some 400 orders are paid.");
    EXPECT_EQ(ask("Which orders are paid?").text.find("sql"), std::string::npos);
    EXPECT_FALSE(model_.requests.at(0).json_schema);
    messages_.push_back({llm::Role::kSystem, "Answer in French.", {}, {}, {}});
    ask(kQuestion);
    EXPECT_FALSE(model_.requests.at(1).json_schema);
    messages_.clear();
    options_.tools = ToolOffer::kNever;
    ask(kQuestion);
    EXPECT_FALSE(model_.requests.at(2).json_schema);
}

TEST_F(TableLoop, AModelThatCallsTheToolIsCitedForWhatItComputed) {
    options_.tools = ToolOffer::kAlways;
    corpus_.table_rows = {{"paid_orders"}, {{std::int64_t{137}}}, false};
    model_.call("query_table", R"({"sql":"SELECT count(*) AS paid_orders FROM orders WHERE status = 'paid'"})");
    model_.say("There are 137 paid orders.");
    const Answer answer = ask(kQuestion);
    EXPECT_EQ(model_.requests.at(0).tools.back().name, "query_table");
    EXPECT_NE(answer.text.find("There are 137 paid orders ["), std::string::npos) << answer.text;
    EXPECT_TRUE(answer.unsupported.empty());
    EXPECT_EQ(answer.sources.back().computed, "paid_orders\n137");
    EXPECT_TRUE(answer.sources.back().cited);
}

}  // namespace
}  // namespace hearth::agents
