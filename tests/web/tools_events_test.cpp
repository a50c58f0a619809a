// /v1/tools, /v1/collections and /v1/events over fakes.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/app.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using test::call;
using test::CapturingWriter;

class ToolRoutes : public testing::Test {
  protected:
    ToolRoutes() : app_(options()) { app_.set_services(house_.services()); }
    ServerOptions options() const {
        ServerOptions out;
        out.inbox_directory = inbox_.path();
        return out;
    }
    CapturingWriter get(const std::string& target) { return call(app_, Method::kGet, target); }
    CapturingWriter run(const std::string& tool, const json& arguments) {
        return call(app_, Method::kPost, "/v1/tools/" + tool + "/call", json{{"arguments", arguments}}.dump());
    }

    test::TempDir inbox_;
    test::FakeHouse house_;
    App app_;
};

TEST_F(ToolRoutes, ListShowAndCall) {
    const json tools = get("/v1/tools").json()["tools"];
    ASSERT_EQ(tools.size(), 6u);
    for (const json& tool : tools) {
        EXPECT_EQ(get("/v1/tools/" + tool["name"].get<std::string>()).json(), tool);
        EXPECT_EQ(tool["annotations"]["read_only"], true);
        EXPECT_EQ(tool["input_schema"]["type"], "object");
    }
    const json found = run("search_documents", {{"query", "kiln"}}).json();
    EXPECT_EQ(found["failed"], false);
    EXPECT_EQ(found["passages"].size(), 3u);
    EXPECT_EQ(run("list_documents", json::object()).json()["text"].get<std::string>().rfind("3 documents", 0), 0u);
}

TEST_F(ToolRoutes, TablesComeAsTextAndAsData) {
    retrieval::TableInfo table;
    table.name = "kilns";
    table.document = house_.corpus.documents("")->front().document;
    table.columns = {{"kiln", "Kiln", CellType::kText}, {"degrees", "Degrees", CellType::kNumber}};
    table.rows = 12;
    house_.corpus.add_table(table);
    house_.corpus.table_rows = {
        {"kiln", "sum(degrees)"}, {{std::string("A"), 1000.3}, {std::monostate(), std::int64_t{7}}}, true};

    const json listed = run("list_tables", json::object()).json();
    EXPECT_EQ(listed["data"]["tables"][0]["columns"][1]["type"], "number");
    EXPECT_EQ(listed["data"]["tables"][0]["path"], table.document.path);
    EXPECT_EQ(listed["data"]["left_out"], 0);

    const json found = run("query_table", {{"sql", "SELECT kiln, sum(degrees) FROM kilns GROUP BY 1"}}).json();
    EXPECT_EQ(found["failed"], false);
    EXPECT_EQ(found["data"]["columns"], json({"kiln", "sum(degrees)"}));
    EXPECT_EQ(found["data"]["rows"].dump(), R"([["A",1000.3],[null,7]])");
    EXPECT_EQ(found["data"]["cut"], true);
    EXPECT_EQ(found["data"]["tables"][0]["document_id"], table.document.id);
    EXPECT_EQ(found["passages"][0]["document"]["id"], table.document.id);
    EXPECT_FALSE(run("search_documents", {{"query", "kiln"}}).json().contains("data"));
    EXPECT_EQ(run("query_table", {{"sequel", "x"}}).json()["failed"], true);
}

TEST_F(ToolRoutes, WrongArgumentsAreAResultAndWrongRequestsAnError) {
    EXPECT_EQ(run("search_documents", {{"query", 3}}).json()["failed"], true);
    EXPECT_EQ(run("search_documents", json::array()).response.status, 400);
    EXPECT_EQ(run("remove_everything", json::object()).response.status, 404);
    EXPECT_EQ(get("/v1/tools/none").response.status, 404);
}

TEST_F(ToolRoutes, CollectionsCountStates) {
    const json all = get("/v1/collections").json()["collections"];
    EXPECT_EQ(all.size(), 4u);
    EXPECT_EQ(get("/v1/collections/scans").json()["states"]["failed"], 1);
    EXPECT_EQ(get("/v1/collections/none").response.status, 404);
}

/// Fulfils `arrived` with each event that it is written.
class NewsWriter : public CapturingWriter {
  public:
    std::atomic<int> writes{0};
    bool write(std::string_view bytes) override {
        const bool alive = CapturingWriter::write(bytes);
        ++writes;
        return alive;
    }
};

TEST_F(ToolRoutes, EventsTellEveryPartAndThenWhatChanged) {
    NewsWriter writer;
    std::jthread listening([&] {
        Request request;
        request.path = "/v1/events";
        call(app_, request, writer);
    });
    ASSERT_TRUE(test::eventually([&] { return writer.writes == 1; }));
    house_.corpus.erase("doc-lease");
    ASSERT_TRUE(test::eventually([&] { return writer.writes == 2; }));
    app_.listeners().cancel_all();
    listening.join();
    const auto events = writer.events();
    ASSERT_EQ(events.size(), 4u) << writer.stream;
    EXPECT_EQ(json::parse(events[2])["indexed"], 2);
    EXPECT_EQ(json::parse(events[3])["indexed"], 1);
    EXPECT_NE(writer.stream.find("event: engine\n"), std::string::npos);
}

}  // namespace
}  // namespace hearth::web
