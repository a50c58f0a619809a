#include "llm/prompt.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "llm/thoughts.h"
#include "llm/token_scores.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

/// `text` as JSON, or as a JSON string when it is none.
json json_or_text(const std::string& text) {
    auto parsed = parse_json(text);
    return parsed.ok() ? std::move(parsed).value() : json(text);
}

std::string describe_tools(const std::vector<ToolDefinition>& tools) {
    std::string out =
        "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
        "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
    for (const ToolDefinition& tool : tools) {
        const json parameters = tool.parameters.empty()
                                    ? json::object({{"type", "object"}, {"properties", json::object()}})
                                    : json_or_text(tool.parameters);
        const json function = {{"name", tool.name}, {"description", tool.description}, {"parameters", parameters}};
        out += "\n" + dump_json({{"type", "function"}, {"function", function}});
    }
    return out +
           "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
           "<tool_call></tool_call> XML tags:\n<tool_call>\n{\"name\": <function-name>, \"arguments\": "
           "<args-json-object>}\n</tool_call>";
}

std::string calls_as_text(const Message& message) {
    std::string out = message.content;
    for (const ToolCall& call : message.tool_calls) {
        if (!out.empty()) out += "\n";
        out += "<tool_call>\n{\"name\": " + dump_json(call.name) +
               ", \"arguments\": " + (call.arguments.empty() ? "{}" : call.arguments) + "}\n</tool_call>";
    }
    return out;
}

/// For templates that know neither tools nor their results: everything as plain turns.
std::vector<Message> without_tool_turns(const std::vector<Message>& messages,
                                        const std::vector<ToolDefinition>& tools) {
    std::vector<Message> out;
    if (!tools.empty() && (messages.empty() || messages.front().role != Role::kSystem))
        out.push_back({.role = Role::kSystem, .content = describe_tools(tools)});
    for (const Message& message : messages) {
        if (message.role == Role::kTool) {
            const std::string response = "<tool_response>\n" + message.content + "\n</tool_response>";
            const bool joins = !out.empty() && out.back().role == Role::kUser && out.back().name == "tool";
            if (joins) {
                out.back().content += "\n" + response;
            } else {
                out.push_back({.role = Role::kUser, .content = response, .name = "tool"});
            }
        } else if (message.role == Role::kAssistant) {
            out.push_back({.role = Role::kAssistant, .content = calls_as_text(message)});
        } else {
            out.push_back({.role = message.role, .content = message.content});
        }
    }
    if (!tools.empty() && !messages.empty() && messages.front().role == Role::kSystem)
        out.front().content += "\n\n" + describe_tools(tools);
    for (Message& message : out) message.name.clear();
    return out;
}

/// For templates that know no system message: its text stands before the first user's.
std::vector<Message> without_system_turns(const std::vector<Message>& messages) {
    std::string instructions;
    std::vector<Message> out;
    for (const Message& message : messages) {
        if (message.role != Role::kSystem)
            out.push_back(message);
        else if (!message.content.empty())
            instructions += message.content + "\n\n";
    }
    if (instructions.empty()) return out;
    const auto first =
        std::find_if(out.begin(), out.end(), [](const Message& each) { return each.role == Role::kUser; });
    if (first != out.end())
        first->content.insert(0, instructions);
    else
        out.insert(out.begin(), {.role = Role::kUser, .content = instructions.substr(0, instructions.size() - 2)});
    return out;
}

bool wants_thought(const LoadedModel& model, const GenerateRequest& request) {
    const bool constrained = request.json_schema || request.tool_choice == ToolChoice::kRequired ||
                             request.tool_choice == ToolChoice::kNamed;
    return request.thinking && model.chat_template->supports_thinking() && request.prompt_tokens.empty() &&
           request.assistant_prefix.empty() && !request.top_logprobs && !constrained;
}

/// What is still to be said after `segments` so that they end inside a thought, or behind one. Templates differ: some
/// follow enable_thinking, some open every answer with a thought, some leave the tag to the model.
std::string rest_of_thought(const std::vector<PromptSegment>& segments, bool thought) {
    std::string_view end = segments.empty() ? std::string_view() : std::string_view(segments.back().text);
    end = end.substr(0, end.find_last_not_of(" \t\r\n") + 1);
    const bool open = end.ends_with(kThoughtOpen), closed = end.ends_with(kThoughtClose);
    const std::string opening = std::string(kThoughtOpen) + "\n", closing = "\n" + std::string(kThoughtClose) + "\n\n";
    if (thought) return open ? "" : opening;
    return closed ? "" : open ? closing : opening + closing;
}

Result<std::vector<PromptSegment>> render(const LoadedModel& model, const GenerateRequest& request) {
    const ChatTemplate& chat_template = *model.chat_template;
    const std::vector<ToolDefinition> tools = offered_tools(request);
    const bool thought = wants_thought(model, request);
    const bool knows_tools = chat_template.supports_tools();
    std::vector<Message> messages = knows_tools ? request.messages : without_tool_turns(request.messages, tools);
    if (!chat_template.supports_system()) messages = without_system_turns(messages);
    auto segments = chat_template.render(messages, knows_tools ? tools : std::vector<ToolDefinition>(), thought);
    if (!segments.ok()) return std::move(segments).error();
    if (chat_template.supports_thinking()) {
        if (std::string rest = rest_of_thought(*segments, thought); !rest.empty())
            segments->push_back({std::move(rest), true});
    }
    if (!request.assistant_prefix.empty()) segments->push_back({request.assistant_prefix, false});
    return segments;
}

}  // namespace

std::vector<ToolDefinition> offered_tools(const GenerateRequest& request) {
    return request.tool_choice == ToolChoice::kNone ? std::vector<ToolDefinition>() : request.tools;
}

Status check_token_ids(const Tokenizer& tokenizer, std::span<const int> ids) {
    for (const int id : ids) {
        if (id >= 0 && id < tokenizer.size()) continue;
        return Error(ErrorCode::kInvalidArgument, "token " + std::to_string(id) + " is not one of the vocabulary's " +
                                                      std::to_string(tokenizer.size()));
    }
    return {};
}

Result<std::string> prompt_text(const LoadedModel& model, const GenerateRequest& request) {
    std::string out;
    if (!request.prompt_tokens.empty()) {
        HEARTH_TRY_STATUS(check_token_ids(*model.tokenizer, request.prompt_tokens));
        for (const int id : request.prompt_tokens) out += token_spelling(*model.tokenizer, id);
        return out + request.assistant_prefix;
    }
    HEARTH_TRY(const std::vector<PromptSegment> segments, render(model, request));
    for (const PromptSegment& segment : segments) out += segment.text;
    return out;
}

Result<Prompt> build_prompt(const LoadedModel& model, const GenerateRequest& request) {
    std::vector<int> ids = request.prompt_tokens;
    if (ids.empty()) {
        HEARTH_TRY(const std::vector<PromptSegment> segments, render(model, request));
        ids = model.tokenizer->encode(segments);
    } else {
        HEARTH_TRY_STATUS(check_token_ids(*model.tokenizer, ids));
        const std::vector<int> prefix = model.tokenizer->encode(request.assistant_prefix, false);
        ids.insert(ids.end(), prefix.begin(), prefix.end());
    }
    return Prompt{{ids.begin(), ids.end()}, wants_thought(model, request)};
}

}  // namespace hearth::llm
