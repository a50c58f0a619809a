#include "agents/tools.h"

#include <gtest/gtest.h>

#include "support/memory_folder.h"

namespace hearth::agents {
namespace {

TEST(ToolTrigger, Table) {
    struct Case {
        const char* question;
        const char* tool;
    };
    for (const Case& c : {
             Case{"What time is it?", "current_time"},
             Case{"What time is it now?", "current_time"},
             Case{"What is the date today?", "current_time"},
             Case{"What is today's date?", "current_time"},
             Case{"Which day is it today?", "current_time"},
             Case{"Which documents do you have?", "list_documents"},
             Case{"List the files in the folder", "list_documents"},
             Case{"How many documents are there?", "list_documents"},
             Case{"What files can you read?", "list_documents"},
             Case{"Show me my documents.", "list_documents"},
             Case{"What is in my folder?", "list_documents"},
             Case{"Read handbook/leave.txt", "read_document"},
             Case{"Summarise expenses.md for me", "read_document"},
             Case{"Search for parental leave", "search_documents"},
             Case{"Which documents mention flights?", ""},
             Case{"What time does the canteen open?", ""},
             Case{"By what date are receipts due?", ""},
             Case{"How many days of leave do I have?", ""},
             Case{"How do I read the meter?", ""},
             Case{"What is the time limit?", ""},
             Case{"Who approves flights?", ""},
             Case{"", ""},
         }) {
        EXPECT_EQ(tool_asked_for(c.question), c.tool) << c.question;
    }
}

class Tools : public ::testing::Test {
  protected:
    Tools() {
        test::add_document(corpus_, "handbook/leave.txt", "Everybody has 27 days.");
        test::add_document(corpus_, "notes/today.md", "Nothing.");
    }
    ToolResult run(const std::string& name, const std::string& arguments, const ToolScope& scope = {}) {
        return run_tool({"call", name, arguments}, corpus_, scope, 5);
    }

    test::MemoryCorpus corpus_;
};

TEST_F(Tools, ListNamesTheDocuments) {
    const ToolResult result = run("list_documents", "");
    EXPECT_FALSE(result.failed);
    EXPECT_EQ(result.text, "2 documents\n- handbook/leave.txt\n- notes/today.md\n");
}

TEST_F(Tools, InventedCollectionIsNamedAndNotUsed) {
    const ToolResult result = run("list_documents", R"({"collection":"documents"})");
    EXPECT_FALSE(result.failed);
    EXPECT_NE(result.text.find("no collection \"documents\""), std::string::npos);
    EXPECT_NE(result.text.find("2 documents"), std::string::npos);
    const ToolResult found = run("search_documents", R"({"query":"leave","collection":"documents"})");
    EXPECT_EQ(found.passages.size(), 2u);
    EXPECT_EQ(corpus_.last_query().collection, "");
}

TEST_F(Tools, RequestsScopeBindsEveryTool) {
    const ToolScope scope{.collection = "", .path = "notes/*.md", .type = ""};
    EXPECT_EQ(run("list_documents", "{}", scope).text, "1 document\n- notes/today.md\n");
    EXPECT_TRUE(run("read_document", R"({"document_id":"handbook/leave.txt"})", scope).failed);
    EXPECT_FALSE(run("read_document", R"({"document_id":"notes/today.md"})", scope).failed);
    run("search_documents", R"({"query":"leave"})", scope);
    EXPECT_EQ(corpus_.last_query().path, "notes/*.md");
    const ToolScope handbook{.collection = "handbook", .path = "", .type = ""};
    EXPECT_TRUE(run("read_document", R"({"document_id":"id-notes/today.md"})", handbook).failed);
}

TEST_F(Tools, DocumentIsReadByIdPathOrName) {
    for (const char* name : {"id-handbook/leave.txt", "handbook/leave.txt", "leave.txt"}) {
        const ToolResult result = run("read_document", R"({"document_id":")" + std::string(name) + "\"}");
        ASSERT_FALSE(result.failed) << result.text;
        ASSERT_EQ(result.passages.size(), 1u);
        EXPECT_EQ(result.passages[0].text, "Everybody has 27 days.");
        EXPECT_EQ(result.passages[0].chunk.id, "");
        EXPECT_TRUE(result.text.starts_with("[5] "));
    }
    EXPECT_TRUE(run("read_document", R"({"document_id":"eave.txt"})").failed);
}

retrieval::TableInfo leave_table(const std::string& name) {
    retrieval::TableInfo table;
    table.name = name;
    table.document = {"id-handbook/leave.txt", "handbook/leave.txt", "csv", "handbook"};
    table.span = {0, 9};
    table.columns = {{"who", "Who", CellType::kText}, {"days", "Days", CellType::kNumber}};
    table.rows = 40;
    return table;
}

TEST_F(Tools, TablesAreOfferedWhereThereAreAny) {
    const auto names = [&](const ToolScope& scope) {
        std::string out;
        for (const auto& tool : offered_tools(corpus_, scope)) out += tool.name + " ";
        return out;
    };
    EXPECT_EQ(names({}), "search_documents read_document list_documents current_time ");
    corpus_.add_table(leave_table("leave"));
    EXPECT_EQ(names({}), "search_documents read_document list_documents current_time query_table ");
    EXPECT_EQ(names({.collection = "notes"}), "search_documents read_document list_documents current_time ");
    EXPECT_NE(offered_tools(corpus_, {}).back().description.find("The tables: leave(who text, days number)."),
              std::string::npos);
    for (int i = 0; i < 100; ++i) corpus_.add_table(leave_table("leave_" + std::to_string(i)));
    EXPECT_EQ(names({}), "search_documents read_document list_documents current_time list_tables query_table ");
    EXPECT_LT(offered_tools(corpus_, {}).back().description.size(), 1500u);
}

TEST_F(Tools, QueriesAreAnsweredWithTheTablesAsPassages) {
    corpus_.add_table(leave_table("leave"));
    corpus_.table_rows = {
        {"who", "days"}, {{std::string("Ann\nLee"), std::int64_t{27}}, {std::monostate(), 0.5}}, false};
    const ToolResult result = run("query_table", R"({"sql":"SELECT who, days FROM leave"})");
    ASSERT_FALSE(result.failed) << result.text;
    EXPECT_EQ(corpus_.last_sql(), "SELECT who, days FROM leave");
    EXPECT_EQ(result.computed, "who | days\nAnn Lee | 27\nNULL | 0.5");
    EXPECT_EQ(result.text, "[5] table leave of handbook/leave.txt, 40 rows\n" + result.computed + "\n");
    ASSERT_EQ(result.passages.size(), 1u);
    EXPECT_EQ(result.passages[0].text, "Everybody");
    EXPECT_EQ(result.passages[0].document.id, "id-handbook/leave.txt");
}

TEST_F(Tools, LongResultsAreCutAndSaySo) {
    corpus_.add_table(leave_table("leave"));
    corpus_.table_rows.columns = {"who"};
    for (int i = 0; i < 200; ++i) corpus_.table_rows.rows.push_back({std::string(90, 'a')});
    corpus_.table_rows.cut = true;
    const ToolResult result = run("query_table", R"({"sql":"SELECT who FROM leave"})");
    EXPECT_LE(result.text.size(), kToolResultBytes);
    EXPECT_NE(result.text.find("rows of more than 200; ask for fewer"), std::string::npos);
    EXPECT_GT(result.data.size(), 200u * 90);
}

TEST_F(Tools, TablesAreListedWithTheirColumns) {
    EXPECT_EQ(run("list_tables", "{}").text, "0 tables\n");
    corpus_.add_table(leave_table("leave"));
    EXPECT_EQ(run("list_tables", "").text, "1 table\n- leave(who text, days number), 40 rows, of handbook/leave.txt\n");
    EXPECT_NE(run("query_table", R"({"sql":"SELECT 1"})").text.find("The query failed: no such table"),
              std::string::npos);
    for (int i = 0; i < 200; ++i) corpus_.add_table(leave_table("leave_" + std::to_string(i)));
    const ToolResult many = run("list_tables", "{}");
    EXPECT_LE(many.text.size(), kToolResultBytes);
    EXPECT_NE(many.text.find(" more\n"), std::string::npos);
}

TEST_F(Tools, WrongCallsFailWithTheRemedy) {
    EXPECT_NE(run("delete_all", "{}").text.find("The tools are: search_documents"), std::string::npos);
    EXPECT_TRUE(run("read_document", "{}").failed);
    EXPECT_TRUE(run("search_documents", R"({"query":"x","surprise":1})").failed);
    EXPECT_TRUE(run("search_documents", "{").failed);
    EXPECT_NE(run("read_document", R"({"document_id":"no.md"})").text.find("list_documents"), std::string::npos);
    EXPECT_TRUE(run("read_document", R"({"document_id":"leave.txt","start":500})").failed);
}

}  // namespace
}  // namespace hearth::agents
