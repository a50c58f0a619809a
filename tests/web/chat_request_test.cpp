// From a client's JSON to the typed chat request.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "web/chat_request.h"

namespace hearth::web {
namespace {

using nlohmann::json;

json minimal() {
    return {{"model", "hearth"}, {"messages", json::array({{{"role", "user"}, {"content", "hi"}}})}};
}

json with(const std::string& key, json value) {
    json out = minimal();
    out[key] = std::move(value);
    return out;
}

ChatRequest accepted(const json& body) {
    auto decoded = decode_chat_request(body.dump());
    if (const auto* error = std::get_if<ApiError>(&decoded)) {
        ADD_FAILURE() << body.dump() << ": " << error->message;
        return {};
    }
    return std::get<ChatRequest>(decoded);
}

ApiError refused(const json& body) {
    auto decoded = decode_chat_request(body.dump());
    if (std::holds_alternative<ChatRequest>(decoded)) {
        ADD_FAILURE() << body.dump();
        return {};
    }
    return std::get<ApiError>(decoded);
}

const json kTool = {{"type", "function"}, {"function", {{"name", "weather"}, {"parameters", {{"type", "object"}}}}}};

TEST(ChatRequest, DefaultsAnswerFromDocumentsGreedily) {
    const ChatRequest chat = accepted(minimal());
    EXPECT_TRUE(chat.from_documents);
    EXPECT_FALSE(chat.stream);
    EXPECT_EQ(chat.generate.sampling.temperature, 0);
    EXPECT_EQ(chat.generate.max_tokens, 0);
    EXPECT_EQ(chat.generate.messages.at(0).content, "hi");
}

TEST(ChatRequest, ReadsEverySetting) {
    json body = minimal();
    body.update({{"stream", true},
                 {"stream_options", {{"include_usage", true}}},
                 {"temperature", 0.5},
                 {"top_p", 0.9},
                 {"seed", -3},
                 {"max_tokens", 5},
                 {"max_completion_tokens", 7},
                 {"stop", {"a", "b"}},
                 {"frequency_penalty", 1},
                 {"presence_penalty", -1},
                 {"logit_bias", {{"12", -100}}},
                 {"n", 1},
                 {"hearth", {{"collection", "c"}, {"path", "*.md"}, {"type", "pdf"}}},
                 {"vendor_extra", 1},
                 {"user", "u"}});

    const ChatRequest chat = accepted(body);

    EXPECT_TRUE(chat.stream && chat.include_usage && chat.from_documents);
    EXPECT_FLOAT_EQ(chat.generate.sampling.temperature, 0.5f);
    EXPECT_FLOAT_EQ(chat.generate.sampling.top_p, 0.9f);
    EXPECT_EQ(chat.generate.sampling.seed, static_cast<std::uint64_t>(-3));
    EXPECT_EQ(chat.generate.max_tokens, 7);
    EXPECT_EQ(chat.generate.stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(chat.generate.sampling.logit_bias.at(12), -100);
    EXPECT_EQ(chat.collection + chat.path + chat.type, "c*.mdpdf");
}

TEST(ChatRequest, ToolsFormatsAndTheSwitchGoToThePlainEngine) {
    EXPECT_FALSE(accepted(with("tools", json::array({kTool}))).from_documents);
    EXPECT_FALSE(accepted(with("hearth", {{"retrieval", false}})).from_documents);
    EXPECT_TRUE(accepted(with("response_format", {{"type", "text"}})).from_documents);
    EXPECT_EQ(accepted(with("response_format", {{"type", "json_object"}})).generate.json_schema, "{}");
    const json format{{"type", "json_schema"}, {"json_schema", {{"name", "s"}, {"schema", {{"type", "object"}}}}}};
    const ChatRequest chat = accepted(with("response_format", format));
    EXPECT_EQ(chat.generate.json_schema, "{\"type\":\"object\"}");
    EXPECT_FALSE(chat.from_documents);
}

TEST(ChatRequest, ToolChoiceTakesAllForms) {
    json body = with("tools", json::array({kTool}));
    body["tool_choice"] = "required";
    EXPECT_EQ(accepted(body).generate.tool_choice, llm::ToolChoice::kRequired);
    body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "weather"}}}};
    EXPECT_EQ(accepted(body).generate.tool_choice, llm::ToolChoice::kNamed);
    EXPECT_EQ(accepted(body).generate.tool_name, "weather");
    body["tool_choice"] = {{"type", "function"}, {"function", {{"name", "other"}}}};
    EXPECT_EQ(refused(body).param, "tool_choice");
    EXPECT_EQ(refused(with("tool_choice", "required")).param, "tool_choice");
}

TEST(ChatRequest, NormalisesMessages) {
    json body = minimal();
    body["messages"] = json::parse(R"([
        {"role":"developer","content":"rules"},
        {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
        {"role":"assistant","content":null,"tool_calls":[
            {"id":"c1","type":"function","function":{"name":"weather","arguments":""}}]},
        {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"rain"}]}])");

    const auto messages = accepted(body).generate.messages;

    ASSERT_EQ(messages.size(), 4u);
    EXPECT_EQ(messages[0].role, llm::Role::kSystem);
    EXPECT_EQ(messages[1].content, "ab");
    EXPECT_EQ(messages[2].tool_calls.at(0).arguments, "{}");
    EXPECT_EQ(messages[3].name, "weather");
    EXPECT_EQ(messages[3].content, "rain");
}

TEST(ChatRequest, NamesTheFieldAtFault) {
    const std::vector<std::pair<json, std::string>> cases{
        {with("n", 2), "n"},
        {with("temperature", 2.1), "temperature"},
        {with("temperature", "warm"), "temperature"},
        {with("top_p", -0.1), "top_p"},
        {with("max_tokens", 0), "max_tokens"},
        {with("max_tokens", 18446744073709551615ull), "max_tokens"},
        {with("stop", json::array({"a", "b", "c", "d", "e"})), "stop"},
        {with("stop", ""), "stop"},
        {with("logit_bias", {{"x", 1}}), "logit_bias"},
        {with("logit_bias", {{"1", 101}}), "logit_bias"},
        {with("logprobs", true), "logprobs"},
        {with("functions", json::array()), "functions"},
        {with("stream_options", {{"include_usage", true}}), "stream_options"},
        {with("response_format", {{"type", "xml"}}), "response_format.type"},
        {with("messages", json::array()), "messages"},
        {with("messages", "hi"), "messages"},
        {with("messages", json::array({1})), "messages[0]"},
        {with("messages", json::array({{{"role", "king"}, {"content", "x"}}})), "messages[0].role"},
        {with("messages", json::array({{{"role", "user"}}})), "messages[0].content"},
        {with("messages", json::array({{{"role", "tool"}, {"content", "x"}}})), "messages[0].tool_call_id"},
        {with("model", 1), "model"},
        {with("tools", json::array({1})), "tools"},
        {with("hearth", {{"retrieval", "no"}}), "hearth"},
    };
    for (const auto& [body, param] : cases) {
        const ApiError error = refused(body);
        EXPECT_EQ(error.status, 400) << body;
        EXPECT_EQ(error.param, param) << error.message;
    }
}

TEST(ChatRequest, RefusesImagesSchemasTooDeepAndBrokenJson) {
    const json image = json::array({{{"type", "image_url"}, {"image_url", {{"url", "data:"}}}}});
    EXPECT_EQ(refused(with("messages", json::array({{{"role", "user"}, {"content", image}}}))).status, 400);
    json deep = json::object();
    for (int i = 0; i < 40; ++i) deep = {{"x", deep}};
    const json format{{"type", "json_schema"}, {"json_schema", {{"schema", deep}}}};
    EXPECT_EQ(refused(with("response_format", format)).param, "response_format.json_schema.schema");
    for (const char* text : {"", "{", "[]", "null", "{\"model\":\"\xff\"}"}) {
        EXPECT_TRUE(std::holds_alternative<ApiError>(decode_chat_request(text))) << text;
    }
    EXPECT_TRUE(std::holds_alternative<ApiError>(decode_chat_request(std::string(100'000, '['))));
}

}  // namespace
}  // namespace hearth::web
