// /v1/chat/completions beyond one plain answer, and errors by dialect.
#include <gtest/gtest.h>

#include <map>

#include "tests/support/route_fixture.h"

namespace hearth::web {
namespace {

using nlohmann::json;

class ChatRoutes : public test::RouteFixture {};

TEST_F(ChatRoutes, ChoicesAreNumberedAndTheirUsageIsSummed) {
    const json plain{{"hearth", {{"retrieval", false}}}, {"n", 3}, {"seed", 5}};
    const json reply = chat(plain).json();
    ASSERT_EQ(reply["choices"].size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(reply["choices"][i]["index"], i);
        EXPECT_EQ(reply["choices"][i]["message"]["content"], "Plain words from the engine é.");
    }
    EXPECT_EQ(reply["usage"]["completion_tokens"], 15);
    EXPECT_EQ(reply["usage"]["prompt_tokens"], 5);

    json streamed = plain;
    streamed["stream"] = true;
    std::map<int, std::string> texts;
    std::map<int, int> ends;
    auto events = chat(streamed).events();
    EXPECT_EQ(events.back(), "[DONE]");
    events.pop_back();
    for (const std::string& event : events) {
        const json choice = json::parse(event)["choices"][0];
        texts[choice["index"]] += choice["delta"].value("content", "");
        ends[choice["index"]] += choice["finish_reason"] == "stop";
    }
    EXPECT_EQ(ends, (std::map<int, int>{{0, 1}, {1, 1}, {2, 1}}));
    EXPECT_EQ(texts[2], "Plain words from the engine é.");
}

TEST_F(ChatRoutes, LogprobsCoverExactlyTheTextThatIsShown) {
    const json wanted{{"logprobs", true}, {"top_logprobs", 2}, {"stop", "the"}};
    const json choice = chat(wanted).json()["choices"][0];
    std::string tokens;
    for (const json& token : choice["logprobs"]["content"]) {
        tokens += token["token"];
        EXPECT_EQ(token["top_logprobs"].size(), 2u);
        EXPECT_EQ(token["bytes"].size(), token["token"].get<std::string>().size());
    }
    EXPECT_EQ(tokens, "Plain words from ");
    EXPECT_EQ(choice["message"]["content"], "Plain words from ");

    json streamed = wanted;
    streamed["stream"] = true;
    std::string text;
    std::string scored;
    for (const std::string& event : chat(streamed).events()) {
        if (event == "[DONE]") break;
        const json part = json::parse(event)["choices"][0];
        text += part["delta"].value("content", "");
        if (part["logprobs"].is_null()) continue;
        for (const json& token : part["logprobs"]["content"]) scored += token["token"];
    }
    EXPECT_EQ(text, scored);
}

TEST_F(ChatRoutes, AThoughtComesBesideTheContent) {
    const json plain{{"hearth", {{"retrieval", false}}}};
    json wanted = plain;
    wanted["reasoning_effort"] = "high";
    const json reply = chat(wanted).json();
    EXPECT_EQ(reply["choices"][0]["message"]["reasoning_content"], "Let me see.");
    EXPECT_EQ(reply["usage"]["completion_tokens_details"]["reasoning_tokens"], 2);
    json streamed = wanted;
    streamed["stream"] = true;
    std::string thought, text;
    for (const std::string& payload : chat(streamed).events()) {
        if (payload == "[DONE]") continue;
        const json delta = json::parse(payload)["choices"][0]["delta"];
        EXPECT_TRUE(text.empty() || !delta.contains("reasoning_content")) << "before the text";
        thought += delta.value("reasoning_content", "");
        text += delta.value("content", "");
    }
    EXPECT_EQ(thought, "Let me see.");
    EXPECT_EQ(text, reply["choices"][0]["message"]["content"]);
    EXPECT_FALSE(chat(plain).json()["choices"][0]["message"].contains("reasoning_content"));
}

TEST_F(ChatRoutes, StrictToolsAreCalledAgainUnderTheirSchema) {
    const json schema{{"type", "object"}, {"properties", {{"city", {{"type", "integer"}}}}}};
    json tool{{"type", "function"}, {"function", {{"name", "weather"}, {"parameters", schema}, {"strict", true}}}};
    chat({{"tools", json::array({tool})}});
    EXPECT_EQ(house_.model.last().tool_choice, llm::ToolChoice::kNamed);
    EXPECT_EQ(house_.model.last().tool_name, "weather");
    tool["function"]["strict"] = false;
    chat({{"tools", json::array({tool})}});
    EXPECT_EQ(house_.model.last().tool_choice, llm::ToolChoice::kAuto);
}

TEST_F(ChatRoutes, APromptLongerThanTheContextNamesTheSetting) {
    house_.model.error = Error(ErrorCode::kInvalidArgument, "too long");
    json messages = json::array();
    for (int i = 0; i < 1700; ++i) messages.push_back({{"role", "user"}, {"content", "x"}});  // 5 tokens each
    const json error = chat({{"hearth", {{"retrieval", false}}}, {"messages", messages}}).json()["error"];
    EXPECT_EQ(error["code"], "context_length_exceeded");
    EXPECT_EQ(error["message"],
              "the prompt has 8500 tokens, but this model's maximum context length is 8192 tokens, answer included: "
              "shorten it, or raise models.context_tokens");
}

TEST_F(ChatRoutes, UnknownParametersOfOwnRoutesAreRefusedByName) {
    for (const char* target : {"/v1/search?q=kiln&colection=x", "/v1/documents?colection=x"}) {
        const auto reply = get(target);
        EXPECT_EQ(reply.response.status, 400);
        EXPECT_EQ(reply.json()["error"]["param"], "colection");
    }
    EXPECT_EQ(post("/v1/search", {{"q", "kiln"}, {"top_k", 3}}).json()["error"]["param"], "top_k");
}

TEST_F(ChatRoutes, ErrorsSpeakTheDialectOfTheirPath) {
    EXPECT_EQ(get("/v1/messages/x").json()["error"]["type"], "not_found_error");
    EXPECT_EQ(get("/v1/messages/x").json()["type"], "error");
    EXPECT_TRUE(get("/api/none").json()["error"].is_string());
    EXPECT_TRUE(get("/v2/none").json()["message"].is_string());
    EXPECT_EQ(get("/apiary").json()["error"]["code"], "not_found");
}

}  // namespace
}  // namespace hearth::web
