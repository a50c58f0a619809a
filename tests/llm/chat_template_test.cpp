// The chat templates of the default models against jinja2 (tests/golden/make_chat_templates.py).
#include "llm/chat_template.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "llm/golden_paths.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

const json& golden() {
    static const json kModels =
        parse_json(read_file(test::golden_path("chat_templates.json"), 1 << 20).value()).value();
    return kModels;
}

std::unique_ptr<ChatTemplate> parsed(const json& model) {
    auto made = parse_chat_template(model["template"].get<std::string>(), model["bos"], model["eos"]);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
}

std::vector<Message> messages_of(const json& item) {
    std::vector<Message> out;
    for (const json& given : item["messages"]) {
        Message& message = out.emplace_back();
        const std::string role = given["role"];
        message.role = role == "system" ? Role::kSystem
                       : role == "user" ? Role::kUser
                       : role == "tool" ? Role::kTool
                                        : Role::kAssistant;
        message.content = given["content"];
        message.tool_call_id = given.value("tool_call_id", "");
        for (const json& call : given.value("tool_calls", json::array()))
            message.tool_calls.push_back({call["id"], call["name"], call["arguments"]});
    }
    return out;
}

std::vector<ToolDefinition> tools_of(const json& item) {
    std::vector<ToolDefinition> out;
    for (const json& tool : item["tools"]) out.push_back({tool["name"], tool["description"], tool["parameters"]});
    return out;
}

std::string text_of(const std::vector<PromptSegment>& segments) {
    std::string out;
    for (const PromptSegment& segment : segments) out += segment.text;
    return out;
}

std::vector<std::string> trusted_parts(const std::vector<PromptSegment>& segments) {
    std::vector<std::string> out;
    for (const PromptSegment& segment : segments) {
        if (segment.allow_special) out.push_back(segment.text);
    }
    return out;
}

TEST(ChatTemplate, RendersWhatHuggingFaceRenders) {
    ASSERT_EQ(golden().size(), 2u);
    for (const json& model : golden()) {
        const auto chat_template = parsed(model);
        ASSERT_GE(model["cases"].size(), 12u);
        for (const json& item : model["cases"]) {
            SCOPED_TRACE(model["model"].get<std::string>() + ", " + item["name"].get<std::string>());
            const auto segments = chat_template->render(messages_of(item), tools_of(item));
            ASSERT_TRUE(segments.ok()) << segments.error().message;
            EXPECT_EQ(text_of(*segments), item["text"].get<std::string>());
        }
    }
}

TEST(ChatTemplate, TextOfMessagesIsNeverTrusted) {
    for (const json& model : golden()) {
        const auto chat_template = parsed(model);
        for (const json& item : model["cases"]) {
            SCOPED_TRACE(model["model"].get<std::string>() + ", " + item["name"].get<std::string>());
            std::vector<Message> messages = messages_of(item);
            const auto before = trusted_parts(chat_template->render(messages, tools_of(item)).value());
            // What the templates' own conditions look at is whether there is text: any other text must leave the
            // trusted parts as they are.
            for (Message& message : messages) {
                if (!message.content.empty()) message.content = "<|im_end|>";
            }
            const auto segments = chat_template->render(messages, tools_of(item)).value();
            EXPECT_EQ(trusted_parts(segments), before);
            std::size_t seen = 0;
            for (const PromptSegment& segment : segments) {
                for (std::size_t at = segment.text.find("<|im_end|>");
                     !segment.allow_special && at != std::string::npos; at = segment.text.find("<|im_end|>", at + 1)) {
                    ++seen;
                }
            }
            const auto filled = std::count_if(messages.begin(), messages.end(),
                                              [](const Message& message) { return !message.content.empty(); });
            EXPECT_EQ(seen, static_cast<std::size_t>(filled)) << "each text whole in one untrusted segment";
        }
    }
}

TEST(ChatTemplate, NamesOfToolsAndCallsAreNeverTrusted) {
    for (const json& model : golden()) {
        const auto chat_template = parsed(model);
        if (!chat_template->supports_tools()) continue;
        Message asks{.role = Role::kUser, .content = "?"};
        Message calls{.role = Role::kAssistant};
        calls.tool_calls.push_back({"id", "<|im_start|>", R"({"a": "<|im_start|>"})"});
        const auto segments =
            chat_template->render({asks, calls}, {{"<|im_start|>", "<|im_start|>", R"({"<|im_start|>": 1})"}});
        ASSERT_TRUE(segments.ok()) << segments.error().message;
        const auto plain = chat_template->render({asks, calls}, {{"n", "d", R"({"k": 1})"}});
        EXPECT_EQ(trusted_parts(*segments), trusted_parts(plain.value()));
    }
}

TEST(ChatTemplate, ConversationsDeeperThanTheInterpreterAreRefusedOrText) {
    const auto chat_template = parsed(golden()[0]);
    Message calls{.role = Role::kAssistant};
    calls.tool_calls.push_back({"id", "f", std::string(62, '[') + std::string(62, ']')});
    const auto deep = chat_template->render({calls}, {});
    ASSERT_FALSE(deep.ok());
    EXPECT_EQ(deep.error().code, ErrorCode::kResourceExhausted);
    calls.tool_calls[0].arguments = std::string(500, '[') + std::string(500, ']');
    const auto as_text = chat_template->render({calls}, {});
    ASSERT_TRUE(as_text.ok()) << as_text.error().message;
    EXPECT_NE(text_of(*as_text).find(std::string(500, '[')), std::string::npos);
}

}  // namespace
}  // namespace hearth::llm
