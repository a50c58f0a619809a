#include "web/chat_messages.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/utf8.h"
#include "web/base64.h"
#include "web/json_fields.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

using nlohmann::json;

std::optional<llm::Role> role_of(const std::string& name) {
    if (name == "system" || name == "developer") return llm::Role::kSystem;
    if (name == "user") return llm::Role::kUser;
    if (name == "assistant") return llm::Role::kAssistant;
    if (name == "tool") return llm::Role::kTool;
    return std::nullopt;
}

constexpr const char* kFileRemedy =
    "a file part carries UTF-8 text as file_data (base64, with or without 'data:...;base64,'); put other documents "
    "into the folder, or send their text";

/// A file's text goes into the message under the file's name.
void read_file_part(FieldReader& fields, const json& file, llm::Message& message) {
    const json data = file.is_object() ? file.value("file_data", json()) : json();
    const json name = file.is_object() ? file.value("filename", json()) : json();
    if (!data.is_string())
        return fields.fail("content", std::string("has a file part without file_data: ") + kFileRemedy);
    std::string_view coded = data.get_ref<const std::string&>();
    constexpr std::string_view kMarker = ";base64,";
    const std::size_t marker = coded.starts_with("data:") ? coded.find(kMarker) : std::string_view::npos;
    if (marker != std::string_view::npos) coded.remove_prefix(marker + kMarker.size());
    const auto text = base64_decode(coded);
    if (!text || !is_valid_utf8(*text) || text->find('\0') != std::string::npos) {
        return fields.fail("content", std::string("has a file that is not text: ") + kFileRemedy);
    }
    const std::string title = name.is_string() ? name.get<std::string>() : "file";
    message.content += "\n[" + title + "]\n" + *text + "\n";
}

void read_part(FieldReader& fields, const json& part, llm::Message& message) {
    const json type = part.is_object() ? part.value("type", json()) : json();
    const std::string name = type.is_string() ? type.get<std::string>() : "";
    if (name == "file") return read_file_part(fields, part.value("file", json()), message);
    if (name != "text" && name != "refusal") {
        return fields.fail("content", "has a part of type '" + name +
                                          "'; possible are 'text' and 'file': this model "
                                          "reads no images or audio");
    }
    const json text = part.value(name, json());
    if (!text.is_string()) return fields.fail("content", "has a text part without text");
    message.content += text.get_ref<const std::string&>();
}

void read_content(FieldReader& fields, llm::Message& message) {
    const json* content = fields.any("content");
    if (content == nullptr) return;
    if (content->is_string()) {
        message.content = content->get<std::string>();
        return;
    }
    if (!content->is_array()) return fields.fail("content", "must be a string or an array of parts");
    for (const json& part : *content) read_part(fields, part, message);
}

void read_tool_calls(FieldReader& fields, llm::Message& message) {
    const json* calls = fields.array("tool_calls");
    if (calls == nullptr) return;
    if (calls->size() > kMaxTools) return fields.fail("tool_calls", "has more than 128 calls");
    for (const json& call : *calls) {
        const json function = call.is_object() ? call.value("function", json()) : json();
        const json id = call.is_object() ? call.value("id", json()) : json();
        const json name = function.is_object() ? function.value("name", json()) : json();
        const json arguments = function.is_object() ? function.value("arguments", json()) : json();
        if (!id.is_string() || !name.is_string() || !arguments.is_string()) {
            return fields.fail("tool_calls", "needs id, function.name and function.arguments as strings");
        }
        const auto& text = arguments.get_ref<const std::string&>();
        message.tool_calls.push_back({id.get<std::string>(), name.get<std::string>(), text.empty() ? "{}" : text});
    }
}

/// The name of the call `id` in the messages so far; empty when there is none.
std::string name_of_call(const std::vector<llm::Message>& messages, const std::string& id) {
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        for (const llm::ToolCall& call : message->tool_calls) {
            if (call.id == id) return call.name;
        }
    }
    return {};
}

std::optional<ApiError> decode_message(const json& item, const std::string& prefix, std::vector<llm::Message>& out) {
    if (!item.is_object()) return bad_request("'" + prefix + "' must be an object", prefix);
    FieldReader fields(item, prefix + ".");
    llm::Message message;
    const auto role = role_of(fields.text("role", 64).value_or(""));
    if (!role) fields.fail("role", "must be 'system', 'developer', 'user', 'assistant' or 'tool'");
    message.role = role.value_or(llm::Role::kUser);
    read_content(fields, message);
    if (message.role == llm::Role::kAssistant) read_tool_calls(fields, message);
    if (message.role == llm::Role::kTool) {
        message.tool_call_id = fields.text("tool_call_id", 256).value_or("");
        if (message.tool_call_id.empty()) fields.fail("tool_call_id", "is missing");
        message.name = fields.text("name", 256).value_or(name_of_call(out, message.tool_call_id));
    }
    const bool may_be_empty = message.role == llm::Role::kAssistant || message.role == llm::Role::kTool;
    if (fields.any("content") == nullptr && !may_be_empty) fields.fail("content", "is missing");
    if (fields.error()) return fields.error();
    out.push_back(std::move(message));
    return std::nullopt;
}

}  // namespace

std::optional<ApiError> decode_messages(const nlohmann::json& body, std::vector<llm::Message>& out) {
    const auto messages = body.find("messages");
    if (messages == body.end() || !messages->is_array() || messages->empty()) {
        return bad_request("'messages' must be a non-empty array", "messages");
    }
    if (messages->size() > kMaxMessages) return bad_request("'messages' has more than 2000 entries", "messages");
    for (std::size_t i = 0; i < messages->size(); ++i) {
        if (auto error = decode_message((*messages)[i], "messages[" + std::to_string(i) + "]", out)) return error;
    }
    return std::nullopt;
}

}  // namespace hearth::web
