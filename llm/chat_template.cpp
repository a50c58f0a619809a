#include "llm/chat_template.h"

#include <algorithm>
#include <utility>

#include "llm/jinja.h"
#include "llm/thoughts.h"

namespace hearth::llm {
namespace {

using jinja::Dict;
using jinja::List;
using jinja::Text;
using jinja::Value;

void put(Dict& dict, const char* key, Value value) {
    dict.entries.emplace_back(Text(key, true), std::move(value));
}

const char* role_name(Role role) {
    switch (role) {
        case Role::kSystem:
            return "system";
        case Role::kUser:
            return "user";
        case Role::kAssistant:
            return "assistant";
        case Role::kTool:
            return "tool";
    }
    return "user";
}

/// JSON as the structure templates expect; text that is no JSON stays text.
Value json_or_text(const std::string& json) {
    auto value = jinja::value_from_json(json);
    return value.ok() ? std::move(value).value() : Value::untrusted(json);
}

Value call_value(const ToolCall& call) {
    Dict function;
    put(function, "name", Value::untrusted(call.name));
    put(function, "arguments", json_or_text(call.arguments.empty() ? "{}" : call.arguments));
    Dict out;
    put(out, "id", Value::untrusted(call.id));
    put(out, "type", Value::trusted("function"));
    put(out, "function", Value(std::move(function)));
    return Value(std::move(out));
}

Value message_value(const Message& message) {
    Dict out;
    put(out, "role", Value::trusted(role_name(message.role)));
    put(out, "content", Value::untrusted(message.content));
    if (!message.tool_calls.empty()) {
        List calls;
        for (const ToolCall& call : message.tool_calls) calls.push_back(call_value(call));
        put(out, "tool_calls", Value(std::move(calls)));
    }
    if (!message.tool_call_id.empty()) put(out, "tool_call_id", Value::untrusted(message.tool_call_id));
    if (!message.name.empty()) put(out, "name", Value::untrusted(message.name));
    return Value(std::move(out));
}

Value tool_value(const ToolDefinition& tool) {
    Dict function;
    put(function, "name", Value::untrusted(tool.name));
    put(function, "description", Value::untrusted(tool.description));
    put(function, "parameters",
        json_or_text(tool.parameters.empty() ? R"({"type": "object", "properties": {}})" : tool.parameters));
    Dict out;
    put(out, "type", Value::trusted("function"));
    put(out, "function", Value(std::move(function)));
    return Value(std::move(out));
}

std::vector<PromptSegment> segments_of(const Text& text) {
    std::vector<PromptSegment> segments;
    std::size_t start = 0;
    for (const Text::Run& run : text.runs()) {
        segments.push_back({text.bytes().substr(start, run.end - start), run.trusted});
        start = run.end;
    }
    return segments;
}

class JinjaChatTemplate : public ChatTemplate {
  public:
    JinjaChatTemplate(jinja::Template parsed, std::string_view source, std::string bos, std::string eos)
        : template_(std::move(parsed)),
          supports_tools_(source.find("tools") != std::string_view::npos),
          supports_thinking_(source.find(kThoughtOpen) != std::string_view::npos ||
                             source.find(kThoughtClose) != std::string_view::npos),
          bos_(std::move(bos)),
          eos_(std::move(eos)),
          supports_system_(shows_system_message()) {}

    Result<std::vector<PromptSegment>> render(const std::vector<Message>& messages,
                                              const std::vector<ToolDefinition>& tools, bool thinking) const override {
        try {
            List message_values;
            for (const Message& message : messages) message_values.push_back(message_value(message));
            List tool_values;
            for (const ToolDefinition& tool : tools) tool_values.push_back(tool_value(tool));
            Dict context;
            put(context, "messages", Value(std::move(message_values)));
            put(context, "tools", tools.empty() ? Value() : Value(std::move(tool_values)));
            put(context, "documents", Value());
            put(context, "add_generation_prompt", true);
            put(context, "enable_thinking", thinking);
            put(context, "bos_token", Value::trusted(bos_));
            put(context, "eos_token", Value::trusted(eos_));
            HEARTH_TRY(const Text text, template_.render(std::move(context)));
            return segments_of(text);
        } catch (const jinja::Failure& failure) {  // values nested deeper than the interpreter takes
            return Error(failure.code, failure.what());
        }
    }

    bool supports_tools() const override { return supports_tools_; }
    bool supports_system() const override { return supports_system_; }
    bool supports_thinking() const override { return supports_thinking_; }

  private:
    bool shows_system_message() const {
        const std::string probe = "system-message";
        const auto segments = render({{.role = Role::kSystem, .content = probe}, {.role = Role::kUser, .content = "?"}},
                                     {}, /*thinking=*/false);
        return segments.ok() && std::any_of(segments->begin(), segments->end(), [&](const PromptSegment& segment) {
                   return segment.text.find(probe) != std::string::npos;
               });
    }

    const jinja::Template template_;
    const bool supports_tools_, supports_thinking_;
    const std::string bos_;
    const std::string eos_;
    const bool supports_system_;  // after what it is rendered with
};

}  // namespace

Result<std::unique_ptr<ChatTemplate>> parse_chat_template(std::string_view source, std::string bos, std::string eos) {
    HEARTH_TRY(jinja::Template parsed, jinja::Template::parse(source));
    return std::unique_ptr<ChatTemplate>(
        std::make_unique<JinjaChatTemplate>(std::move(parsed), source, std::move(bos), std::move(eos)));
}

}  // namespace hearth::llm
