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
        {with("n", 0), "n"},
        {with("temperature", 2.1), "temperature"},
        {with("temperature", "warm"), "temperature"},
        {with("top_p", -0.1), "top_p"},
        {with("max_tokens", 0), "max_tokens"},
        {with("max_tokens", 18446744073709551615ull), "max_tokens"},
        {with("stop", json::array({"a", "b", "c", "d", "e"})), "stop"},
        {with("stop", ""), "stop"},
        {with("logit_bias", {{"x", 1}}), "logit_bias"},
        {with("logit_bias", {{"1", 101}}), "logit_bias"},
        {with("top_logprobs", 2), "top_logprobs"},
        {with("top_logprobs", 21), "top_logprobs"},
        {with("hearth", {{"colection", "x"}}), "hearth"},
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

TEST(ChatRequest, LogprobsChoicesAndStrictToolsAreRead) {
    json body = with("logprobs", true);
    body["top_logprobs"] = 3;
    body["n"] = 4;
    body["parallel_tool_calls"] = false;
    body["reasoning_effort"] = "low";
    json strict = kTool;
    strict["function"]["strict"] = true;
    json free = kTool;
    free["function"]["name"] = "free";
    body["tools"] = json::array({strict, free});
    const ChatRequest chat = accepted(body);
    EXPECT_EQ(chat.generate.top_logprobs, 3);
    EXPECT_EQ(chat.choices, 4);
    EXPECT_FALSE(chat.parallel_tool_calls || chat.from_documents);
    EXPECT_EQ(chat.strict_tools, std::vector<std::string>{"weather"});
    EXPECT_FALSE(accepted(with("logprobs", true)).from_documents);
}

TEST(ChatRequest, ThinkingIsAskedForInTwoWays) {
    const auto thinks = [](const json& extra) {
        json body = minimal();
        body.update(extra);
        return accepted(body).generate.thinking;
    };
    EXPECT_FALSE(thinks(json::object()));
    EXPECT_EQ(refused(with("reasoning_effort", "deep")).param, "reasoning_effort");
    EXPECT_FALSE(thinks({{"reasoning_effort", "none"}}));
    EXPECT_FALSE(thinks({{"reasoning_effort", "minimal"}}));
    EXPECT_TRUE(thinks({{"reasoning_effort", "low"}}));
    EXPECT_TRUE(thinks({{"chat_template_kwargs", {{"enable_thinking", true}, {"other", 1}}}}));
    EXPECT_FALSE(thinks({{"reasoning_effort", "high"}, {"chat_template_kwargs", {{"enable_thinking", false}}}}));
}

TEST(ChatRequest, AllowedToolsAreTheOnesTheModelSees) {
    json other = kTool;
    other["function"]["name"] = "other";
    json body = with("tools", json::array({kTool, other}));
    const json named{{"type", "function"}, {"function", {{"name", "other"}}}};
    body["tool_choice"] = {{"type", "allowed_tools"},
                           {"allowed_tools", {{"mode", "required"}, {"tools", json::array({named})}}}};
    const ChatRequest chat = accepted(body);
    ASSERT_EQ(chat.generate.tools.size(), 1u);
    EXPECT_EQ(chat.generate.tools[0].name, "other");
    EXPECT_EQ(chat.generate.tool_choice, llm::ToolChoice::kRequired);
    body["tool_choice"]["allowed_tools"]["mode"] = "maybe";
    EXPECT_EQ(refused(body).param, "tool_choice");
}

TEST(ChatRequest, FilePartsOfTextAreRead) {
    const auto with_file = [](const json& file) {
        const json parts = json::array({{{"type", "text"}, {"text", "Sum up:"}}, {{"type", "file"}, {"file", file}}});
        return with("messages", json::array({{{"role", "user"}, {"content", parts}}}));
    };
    const json file{{"filename", "a.txt"}, {"file_data", "data:text/plain;base64,SGVsbG8="}};
    EXPECT_EQ(accepted(with_file(file)).generate.messages.at(0).content, "Sum up:\n[a.txt]\nHello\n");
    for (const json& bad : {json{{"file_id", "file-1"}}, json{{"file_data", "SGVsb"}}, json{{"file_data", "/+8="}}}) {
        const ApiError error = refused(with_file(bad));
        EXPECT_EQ(error.param, "messages[0].content");
        EXPECT_NE(error.message.find("UTF-8 text as file_data"), std::string::npos) << error.message;
    }
}

TEST(ChatRequest, BrokenJsonIsPlacedInPlainWords) {
    const auto decoded = decode_chat_request("{\n  \"model\": hearth}");
    EXPECT_EQ(std::get<ApiError>(decoded).message, "invalid JSON at line 2, column 12, having read '\"model\": h'");
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
