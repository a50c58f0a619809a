// /v1/responses over fakes: the object, the events in order, what is kept and what is forgotten.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "core/file.h"
#include "tests/support/fake_house.h"
#include "tests/support/temp_dir.h"
#include "tests/support/web_client.h"
#include "web/app.h"
#include "web/stores/file_ids.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using test::call;
using test::CapturingWriter;

class Responses : public testing::Test {
  protected:
    Responses() : app_(options()) { app_.set_services(house_.services()); }

    ServerOptions options() const {
        ServerOptions out;
        out.inbox_directory = home_.path();
        out.state_directory = home_.path();
        return out;
    }
    CapturingWriter create(json extra) {
        json body{{"model", "hearth"}, {"input", "How fast?"}};
        body.update(extra);
        return call(app_, Method::kPost, "/v1/responses", body.dump());
    }
    CapturingWriter get(const std::string& target) { return call(app_, Method::kGet, target); }
    static std::vector<json> events(const CapturingWriter& writer) {
        std::vector<json> out;
        for (const std::string& data : writer.events()) out.push_back(json::parse(data));
        return out;
    }

    test::TempDir home_;
    test::FakeHouse house_;
    App app_;
};

TEST_F(Responses, AnswersFromDocumentsWithFileCitations) {
    const json reply = create(json::object()).json();
    EXPECT_EQ(reply["status"], "completed");
    ASSERT_EQ(reply["output"].size(), 1u);
    const json& part = reply["output"][0]["content"][0];
    const json& citation = part["annotations"][0];
    EXPECT_EQ(citation["type"], "file_citation");
    EXPECT_EQ(citation["filename"], "manuals/kiln.md");
    EXPECT_EQ(citation["file_id"], FileIds(nullptr).id_of("manuals/kiln.md"));
    const std::string text = part["text"];
    EXPECT_EQ(code_points(text, text.find("[1]")), citation["index"]);
    EXPECT_EQ(reply["usage"]["total_tokens"], 321 + 12);
    EXPECT_EQ(reply["hearth"]["found"], true);
}

TEST_F(Responses, EventsComeInTheOrderOfTheStateMachine) {
    const auto writer = create({{"stream", true},
                                {"tools", json::array({{{"type", "file_search"}}})},
                                {"include", {"file_search_call.results"}}});
    const auto all = events(writer);
    std::vector<std::string> types;
    std::string text;
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i]["sequence_number"], i);
        const std::string type = all[i]["type"];
        EXPECT_NE(writer.stream.find("event: " + type + "\n"), std::string::npos);
        if (type == "response.output_text.delta") text += all[i]["delta"];
        if (types.empty() || types.back() != type) types.push_back(type);
    }
    EXPECT_EQ(types, (std::vector<std::string>{
                         "response.created", "response.in_progress", "response.output_item.added",
                         "response.file_search_call.in_progress", "response.file_search_call.searching",
                         "response.file_search_call.completed", "response.output_item.done",
                         "response.output_item.added", "response.content_part.added", "response.output_text.delta",
                         "response.output_text.annotation.added", "response.output_text.done",
                         "response.content_part.done", "response.output_item.done", "response.completed"}));
    const json& final = all.back()["response"];
    EXPECT_EQ(final["output"][0]["results"].size(), 2u);
    EXPECT_EQ(final["output"][0]["queries"], json::array({"How fast?"}));
    EXPECT_EQ(final["output"][1]["content"][0]["text"], text);
    EXPECT_EQ(writer.stream.find("[DONE]"), std::string::npos);
}

TEST_F(Responses, FunctionCallsAreItemsAndTheirOutputsGoBack) {
    const json tools = json::array({{{"type", "function"}, {"name", "weather"}, {"parameters", {{"type", "object"}}}},
                                    {{"type", "web_search_preview"}}});
    const json first = create({{"tools", tools}}).json();
    ASSERT_EQ(first["output"].size(), 1u);
    const json& item = first["output"][0];
    EXPECT_EQ(item["type"], "function_call");
    EXPECT_EQ(item["arguments"], R"({"city":"Oslo"})");
    const json second =
        create({{"previous_response_id", first["id"]},
                {"tools", tools},
                {"tool_choice", "none"},
                {"input",
                 json::array({{{"type", "function_call_output"}, {"call_id", item["call_id"]}, {"output", "rain"}}})}})
            .json();
    EXPECT_EQ(second["status"], "completed") << second;
    const auto messages = house_.model.last().messages;
    ASSERT_EQ(messages.size(), 3u);
    EXPECT_EQ(messages[0].content, "How fast?");
    EXPECT_EQ(messages[1].tool_calls.at(0).id, item["call_id"]);
    EXPECT_EQ(messages[2].content, "rain");
    EXPECT_EQ(messages[2].name, "weather");
}

TEST_F(Responses, SchemasAndLimitsReachTheEngine) {
    const json format{{"type", "json_schema"}, {"name", "x"}, {"schema", {{"type", "object"}}}};
    const json reply = create({{"text", {{"format", format}}}, {"max_output_tokens", 16}}).json();
    EXPECT_EQ(reply["status"], "completed");
    EXPECT_EQ(house_.model.last().json_schema, R"({"type":"object"})");
    EXPECT_EQ(house_.model.last().max_tokens, 16);
    house_.model.words = std::vector<std::string>(20, "w ");
    const json cut = create({{"text", {{"format", format}}}, {"max_output_tokens", 16}}).json();
    EXPECT_EQ(cut["status"], "incomplete");
    EXPECT_EQ(cut["incomplete_details"]["reason"], "max_output_tokens");
}

TEST_F(Responses, KeptUntilDeletedAndReallyGoneThen) {
    const std::string marker = "zebra-marker-4711";
    const std::string id = create({{"input", marker}}).json()["id"];
    EXPECT_EQ(get("/v1/responses/" + id).json()["id"], id);
    const json items = get("/v1/responses/" + id + "/input_items").json();
    EXPECT_EQ(items["data"][0]["content"][0]["text"], marker);
    EXPECT_EQ(items["has_more"], false);
    EXPECT_EQ(call(app_, Method::kDelete, "/v1/responses/" + id).json()["deleted"], true);
    EXPECT_EQ(get("/v1/responses/" + id).response.status, 404);
    EXPECT_EQ(call(app_, Method::kDelete, "/v1/responses/" + id).response.status, 404);
    for (const char* file : {"answers.db", "answers.db-wal"}) {
        const auto bytes = read_file(home_.path(file), 64u << 20);
        EXPECT_TRUE(!bytes.ok() || bytes->find(marker) == std::string::npos) << file;
    }
    const std::string unkept = create({{"store", false}}).json()["id"];
    EXPECT_EQ(get("/v1/responses/" + unkept).response.status, 404);
    EXPECT_EQ(create({{"previous_response_id", id}}).response.status, 404);
}

/// Tells the id of the response as soon as its client may go on.
class ReleasedWriter : public CapturingWriter {
  public:
    std::promise<std::string> released_id;
    void release() override { released_id.set_value(json()["id"]); }
};

TEST_F(Responses, BackgroundAnswersAtOnceAndCanBeCancelled) {
    ReleasedWriter writer;
    std::jthread working([&] {
        Request request;
        request.method = Method::kPost;
        request.path = "/v1/responses";
        request.body = R"({"model":"hearth","input":"slow please","background":true})";
        call(app_, request, writer);
    });
    const std::string id = writer.released_id.get_future().get();
    EXPECT_EQ(get("/v1/responses/" + id).json()["status"], "in_progress");
    EXPECT_EQ(call(app_, Method::kPost, "/v1/responses/" + id + "/cancel").json()["status"], "cancelled");
    working.join();
    EXPECT_EQ(writer.json()["status"], "in_progress");
    EXPECT_EQ(get("/v1/responses/" + id).json()["status"], "cancelled");
    EXPECT_EQ(call(app_, Method::kPost, "/v1/responses/" + id + "/cancel").json()["status"], "cancelled");
}

TEST_F(Responses, OneThatWasInWorkAtTheEndHasFailed) {
    const json left{{"response", {{"id", "resp_x"}, {"status", "in_progress"}, {"output", json::array()}}},
                    {"input", json::array()}};
    ASSERT_TRUE(app_.store()->put(Kept::kResponse, "resp_x", std::time(nullptr), left.dump()).ok());
    EXPECT_EQ(get("/v1/responses/resp_x").json()["status"], "failed");
}

TEST_F(Responses, WrongRequestsAreNamedInTheWordsOfTheRoute) {
    const std::vector<std::pair<json, std::string>> cases = {
        {{{"input", nullptr}}, "input"},
        {{{"input", json::array()}}, "input"},
        {{{"input", json::array({{{"role", "user"}}})}}, "input[0].content"},
        {{{"input", json::array({{{"role", "user"}, {"content", json::array({{{"type", "input_image"}}})}}})}},
         "input[0].content"},
        {{{"max_output_tokens", 3}}, "max_output_tokens"},
        {{{"temperature", 9}}, "temperature"},
        {{{"background", true}, {"stream", true}}, "background"},
        {{{"conversation", "c"}}, "conversation"},
        {{{"model", "gpt-9"}}, "model"},
        {{{"previous_response_id", "resp_none"}}, "previous_response_id"}};
    for (const auto& [extra, param] : cases) {
        const auto reply = create(extra);
        EXPECT_GE(reply.response.status, 400) << extra;
        EXPECT_LT(reply.response.status, 500) << extra;
        EXPECT_EQ(reply.json()["error"]["param"], param) << extra << reply.response.body;
    }
    const json search = json::array({{{"type", "file_search"}, {"vector_store_ids", {"vs_none"}}}});
    EXPECT_EQ(create({{"tools", search}}).response.status, 404);
}

TEST_F(Responses, FailuresHaveTheirStatusOrEndTheStream) {
    EXPECT_EQ(create({{"input", "overload"}}).response.status, 429);
    const auto all = events(create({{"input", "overload"}, {"stream", true}}));
    EXPECT_EQ(all.back()["type"], "response.failed");
    EXPECT_EQ(all.back()["response"]["error"]["code"], "rate_limit_exceeded");
}

TEST_F(Responses, InputTokensAreCounted) {
    const json body{{"model", "hearth"}, {"input", "x"}, {"instructions", "y"}};
    EXPECT_EQ(call(app_, Method::kPost, "/v1/responses/input_tokens", body.dump()).json()["input_tokens"], 10);
}

}  // namespace
}  // namespace hearth::web
