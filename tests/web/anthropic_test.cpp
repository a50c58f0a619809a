// /v1/messages over fakes.
#include <gtest/gtest.h>

#include "tests/support/route_fixture.h"

namespace hearth::web {
namespace {

using nlohmann::json;

class Anthropic : public test::RouteFixture {
  protected:
    test::CapturingWriter messages(const json& extra) {
        json body{{"model", "fake-0.5b-q4"},
                  {"max_tokens", 50},
                  {"messages", json::array({{{"role", "user"}, {"content", "How fast?"}}})}};
        body.update(extra);
        return post("/v1/messages", body);
    }
};

const json kTool{{"name", "weather"}, {"input_schema", {{"type", "object"}}}};

/// The `event:` names and their payloads, checked to agree.
std::vector<json> events_of(const test::CapturingWriter& writer) {
    std::vector<json> out;
    std::size_t at = 0;
    for (const std::string& payload : writer.events()) {
        at = writer.stream.find("event: ", at) + 7;
        out.push_back(json::parse(payload));
        EXPECT_EQ(writer.stream.substr(at, writer.stream.find('\n', at) - at), out.back()["type"]);
    }
    return out;
}

TEST_F(Anthropic, AWholeMessage) {
    const json reply = messages({{"system", "Be brief."}}).json();
    EXPECT_EQ(reply["type"], "message");
    EXPECT_EQ(reply["content"][0]["text"], "Plain words from the engine é.");
    EXPECT_EQ(reply["stop_reason"], "end_turn");
    EXPECT_EQ(reply["usage"]["input_tokens"], 10);
    EXPECT_EQ(reply["usage"]["output_tokens"], 5);
    EXPECT_EQ(house_.model.last().messages.at(0).content, "Be brief.");
    EXPECT_EQ(messages({{"max_tokens", 2}}).json()["stop_reason"], "max_tokens");
}

TEST_F(Anthropic, EveryEventInOrder) {
    const auto events = events_of(messages({{"stream", true}, {"tools", json::array({kTool})}}));
    std::vector<std::string> names;
    for (const json& event : events) names.push_back(event["type"]);
    EXPECT_EQ(names, (std::vector<std::string>{"message_start", "content_block_start", "ping", "content_block_delta",
                                               "content_block_stop", "message_delta", "message_stop"}));
    EXPECT_EQ(events[1]["content_block"]["input"], json::object());
    EXPECT_EQ(events[3]["delta"]["partial_json"], R"({"city":"Oslo"})");
    EXPECT_EQ(events[5]["delta"]["stop_reason"], "tool_use");

    std::string text;
    for (const json& event : events_of(messages({{"stream", true}}))) {
        if (event["type"] == "content_block_delta") text += event["delta"]["text"];
    }
    EXPECT_EQ(text, "Plain words from the engine é.");
}

TEST_F(Anthropic, AThoughtIsABlockOfItsOwn) {
    const json wanted{{"thinking", {{"type", "enabled"}, {"budget_tokens", 1024}}}};
    const json content = messages(wanted).json()["content"];
    EXPECT_EQ(content[0], (json{{"type", "thinking"}, {"thinking", "Let me see."}, {"signature", ""}}));
    EXPECT_EQ(content[1]["text"], "Plain words from the engine é.");

    json streamed = wanted;
    streamed["stream"] = true;
    std::string thought;
    std::vector<std::string> names;
    for (const json& event : events_of(messages(streamed))) {
        const json delta = event.value("delta", json::object());
        if (delta.value("type", "") == "thinking_delta") thought += delta["thinking"];
        if (event.contains("index") && event["index"] == 0)
            names.push_back(delta.value("type", event["type"].get<std::string>()));
    }
    EXPECT_EQ(thought, "Let me see.");
    EXPECT_EQ(names, (std::vector<std::string>{"content_block_start", "thinking_delta", "thinking_delta",
                                               "signature_delta", "content_block_stop"}));
    EXPECT_EQ(messages({{"thinking", {{"type", "disabled"}}}}).json()["content"].size(), 1u);
    EXPECT_EQ(messages({{"thinking", {{"type", "deep"}}}}).response.status, 400);
}

TEST_F(Anthropic, StopSequencesAreNamed) {
    const json reply = messages({{"stop_sequences", json::array({"nowhere", "the "})}}).json();
    EXPECT_EQ(reply["content"][0]["text"], "Plain words from ");
    EXPECT_EQ(reply["stop_reason"], "stop_sequence");
    EXPECT_EQ(reply["stop_sequence"], "the ");
}

TEST_F(Anthropic, DocumentsAnswerWithCitations) {
    const json reply = messages({{"model", "hearth"}}).json();
    const json& citation = reply["content"][0]["citations"][0];
    EXPECT_EQ(citation["type"], "search_result_location");
    EXPECT_EQ(citation["cited_text"], "at most 120 °C per hour");
    EXPECT_EQ(citation["title"], "manuals/kiln.md");
    EXPECT_EQ(citation["search_result_index"], 0);
    EXPECT_EQ(reply["hearth"]["found"], true);

    json streamed = json::array();
    for (const json& event : events_of(messages({{"model", "hearth"}, {"stream", true}}))) {
        if (event["type"] == "content_block_delta" && event["delta"]["type"] == "citations_delta") {
            streamed.push_back(event["delta"]["citation"]);
        }
    }
    EXPECT_EQ(streamed, reply["content"][0]["citations"]);
}

TEST_F(Anthropic, BlocksBecomeTurns) {
    const json turns = json::parse(R"([
        {"role":"user","content":[{"type":"text","text":"Weather?"},
            {"type":"document","title":"T","source":{"type":"text","media_type":"text/plain","data":"D"}}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""},
            {"type":"tool_use","id":"c1","name":"weather","input":{"city":"Oslo"}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"rain"}]},
            {"type":"text","text":"So?"}]}])");
    messages({{"messages", turns}, {"tools", json::array({kTool})}, {"tool_choice", {{"type", "none"}}}});
    const auto seen = house_.model.last().messages;
    ASSERT_EQ(seen.size(), 4u);
    EXPECT_EQ(seen[0].content, "Weather?\n[T]\nD\n");
    EXPECT_EQ(seen[1].tool_calls.at(0).arguments, R"({"city":"Oslo"})");
    EXPECT_EQ(seen[2].role, llm::Role::kTool);
    EXPECT_EQ(seen[2].name + seen[2].content, "weatherrain");
    EXPECT_EQ(seen[3].content, "So?");
}

TEST_F(Anthropic, ToolChoices) {
    const auto choice = [&](const json& wanted) {
        messages({{"tools", json::array({kTool})}, {"tool_choice", wanted}});
        return house_.model.last().tool_choice;
    };
    EXPECT_EQ(choice({{"type", "auto"}}), llm::ToolChoice::kAuto);
    EXPECT_EQ(choice({{"type", "any"}}), llm::ToolChoice::kRequired);
    EXPECT_EQ(choice({{"type", "tool"}, {"name", "weather"}}), llm::ToolChoice::kNamed);
    EXPECT_EQ(choice({{"type", "none"}}), llm::ToolChoice::kNone);
}

TEST_F(Anthropic, ALastAssistantMessageBeginsTheAnswer) {
    const json turns =
        json::array({{{"role", "user"}, {"content", "Say"}}, {{"role", "assistant"}, {"content", "Plain "}}});
    const json reply = messages({{"messages", turns}}).json();
    EXPECT_EQ(house_.model.last().assistant_prefix, "Plain ");
    EXPECT_EQ(house_.model.last().messages.size(), 1u);
    EXPECT_EQ(reply["content"][0]["text"], "words from the engine é.");
    EXPECT_EQ(messages({{"messages", turns}, {"model", "hearth"}}).response.status, 400);
}

TEST_F(Anthropic, ErrorsHaveItsShape) {
    const json user_with_image = json::parse(R"([{"role":"user","content":[{"type":"image"}]}])");
    const json system_turn = json::parse(R"([{"role":"system","content":"x"}])");
    const json unknown_tool = json::parse(R"({"type":"tool","name":"none"})");
    const std::vector<std::pair<json, std::string>> cases{
        {json::object({{"max_tokens", nullptr}}), "max_tokens"},
        {json::object({{"messages", system_turn}}), "messages.0.role"},
        {json::object({{"messages", user_with_image}}), "image"},
        {json::object({{"tool_choice", unknown_tool}}), "tool_choice"},
        {json::object({{"temperature", 1.5}}), "temperature"},
    };
    for (const auto& [extra, words] : cases) {
        const auto reply = messages(extra);
        EXPECT_EQ(reply.response.status, 400) << extra;
        EXPECT_EQ(reply.json()["type"], "error");
        EXPECT_EQ(reply.json()["error"]["type"], "invalid_request_error");
        EXPECT_NE(reply.json()["error"]["message"].get<std::string>().find(words), std::string::npos) << extra;
    }
    EXPECT_EQ(messages({{"model", "claude"}}).json()["error"]["type"], "not_found_error");
    app_.set_services({});
    EXPECT_EQ(messages(json::object()).response.status, 529);
    EXPECT_EQ(messages(json::object()).json()["error"]["type"], "overloaded_error");
}

TEST_F(Anthropic, TokensAreCounted) {
    const json body{{"model", "fake-0.5b-q4"}, {"messages", json::array({{{"role", "user"}, {"content", "x"}}})}};
    EXPECT_EQ(post("/v1/messages/count_tokens", body).json(), (json{{"input_tokens", 5}}));
}

}  // namespace
}  // namespace hearth::web
