#include "web/responses/translate.h"

#include <array>

#include "core/hash.h"
#include "core/json.h"
#include "web/json_fields.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using Problem = std::optional<ApiError>;

json text_or_null(const json& holder, const char* key) {
    const auto found = holder.find(key);
    return found != holder.end() && found->is_string() ? *found : json(nullptr);
}

/// Content of a message or of a tool's output as chat parts.
Problem translate_content(const json& content, const std::string& where, json& out) {
    if (content.is_string()) {
        out = content;
        return std::nullopt;
    }
    if (!content.is_array()) return bad_request("'" + where + "' must be a string or an array of parts", where);
    out = json::array();
    for (const json& part : content) {
        const json type = part.is_object() ? text_or_null(part, "type") : json();
        const bool refusal = type == "refusal";
        if (!refusal && type != "input_text" && type != "output_text" && type != "text") {
            return bad_request("'" + where + "' has a part that is not text; images, audio and files are not supported",
                               where);
        }
        const json text = text_or_null(part, refusal ? "refusal" : "text");
        if (!text.is_string()) return bad_request("'" + where + "' has a text part without text", where);
        out.push_back({{"type", "text"}, {"text", text}});
    }
    return std::nullopt;
}

/// Calls of one turn stand in one assistant message.
void add_call(const json& item, json& messages) {
    const json call{{"id", item["call_id"]},
                    {"type", "function"},
                    {"function", {{"name", item["name"]}, {"arguments", item["arguments"]}}}};
    const bool extends = !messages.empty() && messages.back()["role"] == "assistant";
    if (!extends) messages.push_back({{"role", "assistant"}, {"content", nullptr}});
    messages.back()["tool_calls"].push_back(call);
}

Problem translate_item(const json& item, const std::string& where, json& messages) {
    if (!item.is_object()) return bad_request("'" + where + "' must be an object", where);
    const json type = item.contains("type") ? item["type"] : json("message");
    if (!type.is_string()) return bad_request("'" + where + ".type' must be a string", where + ".type");
    if (type == "message") {
        json message{{"role", item.value("role", json())}};
        if (!item.contains("content")) return bad_request("'" + where + ".content' is missing", where + ".content");
        if (auto error = translate_content(item["content"], where + ".content", message["content"])) return error;
        if (message["role"] == "tool") return bad_request("'" + where + ".role' cannot be 'tool'", where + ".role");
        messages.push_back(std::move(message));
    } else if (type == "function_call") {
        for (const char* key : {"call_id", "name", "arguments"}) {
            if (!text_or_null(item, key).is_string()) {
                return bad_request("'" + where + "." + key + "' must be a string", where + "." + key);
            }
        }
        add_call(item, messages);
    } else if (type == "function_call_output") {
        json message{{"role", "tool"}, {"tool_call_id", text_or_null(item, "call_id")}};
        if (!message["tool_call_id"].is_string()) {
            return bad_request("'" + where + ".call_id' must be a string", where + ".call_id");
        }
        if (auto error = translate_content(item.value("output", json()), where + ".output", message["content"])) {
            return error;
        }
        messages.push_back(std::move(message));
    } else if (type == "item_reference") {
        return bad_request("'" + where + "' refers to an item; send the item, or use previous_response_id", where);
    }
    return std::nullopt;  // reasoning and calls of built-in tools carry nothing for the model here
}

/// `input` as items with ids.
std::variant<json, ApiError> items_of(const json& body) {
    const json input = body.value("input", json());
    if (input.is_string()) {
        return json::array({{{"id", "msg_" + random_hex(12)},
                             {"type", "message"},
                             {"status", "completed"},
                             {"role", "user"},
                             {"content", json::array({{{"type", "input_text"}, {"text", input}}})}}});
    }
    if (!input.is_array()) return bad_request("'input' must be a string or an array of items", "input");
    if (input.size() > kMaxMessages) return bad_request("'input' has more than 2000 items", "input");
    json items = input;
    for (json& item : items) {
        if (!item.is_object()) return bad_request("'input' must hold objects", "input");
        if (!item.contains("type")) item["type"] = "message";
        if (!text_or_null(item, "id").is_string()) item["id"] = "item_" + random_hex(12);
    }
    return items;
}

Problem read_file_search(const json& tool, ResponsesRequest& out) {
    FieldReader fields(tool, "tools.file_search.");
    FileSearch search;
    if (const json* ids = fields.array("vector_store_ids")) {
        for (const json& id : *ids) {
            if (!id.is_string()) return bad_request("'tools.file_search.vector_store_ids' must be strings", "tools");
            search.store_ids.push_back(id.get<std::string>());
        }
    }
    if (search.store_ids.size() > 1) {
        return bad_request("'tools.file_search.vector_store_ids' can name one store; leave it out for all documents",
                           "tools");
    }
    search.max_results = static_cast<int>(fields.integer("max_num_results", 1, 50).value_or(10));
    if (fields.any("filters") != nullptr) fields.fail("filters", "is not supported here; search the store instead");
    out.file_search = std::move(search);
    return fields.error();
}

/// Function tools in chat's form; the built-in file search apart; kinds that nobody here knows are left out.
Problem translate_tools(const json& body, ResponsesRequest& out, json& chat) {
    FieldReader fields(body);
    const json* tools = fields.array("tools");
    if (fields.error()) return fields.error();
    if (tools == nullptr) return std::nullopt;
    json functions = json::array();
    for (const json& tool : *tools) {
        const json type = tool.is_object() ? text_or_null(tool, "type") : json();
        if (!type.is_string()) return bad_request("'tools' must be objects with a type", "tools");
        if (type == "file_search") {
            if (auto error = read_file_search(tool, out)) return error;
        } else if (type == "function") {
            json function = tool;
            function.erase("type");
            functions.push_back({{"type", "function"}, {"function", std::move(function)}});
        }
    }
    if (!functions.empty()) chat["tools"] = std::move(functions);
    return std::nullopt;
}

void translate_tool_choice(const json& body, json& chat) {
    const json choice = body.value("tool_choice", json());
    if (choice.is_null() || (!chat.contains("tools") && choice != "required")) return;
    const bool function = choice.is_object() && choice.value("type", json()) == "function";
    if (function) {
        chat["tool_choice"] = {{"type", "function"}, {"function", {{"name", choice.value("name", json())}}}};
    } else if (!choice.is_object()) {
        chat["tool_choice"] = choice;
    }
}

Problem translate_format(const json& body, json& chat) {
    FieldReader fields(body);
    const json* text = fields.object("text");
    if (fields.error()) return fields.error();
    if (text == nullptr) return std::nullopt;
    FieldReader inner(*text, "text.");
    const json* format = inner.object("format");
    if (inner.error()) return inner.error();
    if (format == nullptr) return std::nullopt;
    if (format->value("type", json()) != "json_schema") {
        chat["response_format"] = *format;
        return std::nullopt;
    }
    json schema = *format;
    schema.erase("type");
    chat["response_format"] = {{"type", "json_schema"}, {"json_schema", std::move(schema)}};
    return std::nullopt;
}

/// A complaint of the chat decoder in the words of this route.
ApiError renamed(ApiError error) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kNames{
        {{"messages", "input"}, {"response_format", "text.format"}, {"max_completion_tokens", "max_output_tokens"}}};
    for (std::string* text : {&error.param, &error.message}) {
        for (const auto& [from, to] : kNames) {
            const std::size_t at = text->find(from);
            if (at != std::string::npos) text->replace(at, from.size(), to);
        }
    }
    return error;
}

Problem read_own_fields(const json& body, ResponsesRequest& out) {
    FieldReader fields(body);
    out.instructions = fields.text("instructions", kMaxSchemaBytes).value_or("");
    out.stream = fields.boolean("stream").value_or(false);
    out.store = fields.boolean("store").value_or(true);
    out.background = fields.boolean("background").value_or(false);
    out.previous_id = fields.text("previous_response_id", 128).value_or("");
    fields.integer("max_output_tokens", 16, INT32_MAX);
    fields.object("metadata");
    if (const json* include = fields.array("include")) {
        for (const json& item : *include) out.include_results |= item == "file_search_call.results";
    }
    if (out.background && out.stream) fields.fail("background", "cannot be streamed: poll the response");
    if (out.background && !out.store) fields.fail("background", "needs store=true: there is nothing to poll otherwise");
    if (fields.any("conversation") != nullptr)
        fields.fail("conversation", "is not supported; use previous_response_id");
    if (fields.any("prompt") != nullptr) fields.fail("prompt", "is not supported: there are no stored prompts");
    return fields.error();
}

Problem translate_messages(const History& history, const ResponsesRequest& request, json& messages) {
    messages = json::array();
    if (!request.instructions.empty()) {
        messages.push_back({{"role", "system"}, {"content", request.instructions}});
    }
    for (const json& item : history) {
        if (auto error = translate_item(item, "previous_response_id", messages)) return error;
    }
    for (std::size_t i = 0; i < request.input.size(); ++i) {
        if (auto error = translate_item(request.input[i], "input[" + std::to_string(i) + "]", messages)) return error;
    }
    return std::nullopt;
}

}  // namespace

std::variant<json, ApiError> parse_responses_body(std::string_view body) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    return std::move(*parsed);
}

std::variant<ResponsesRequest, ApiError> decode_responses_request(const json& body, const History& history) {
    ResponsesRequest out;
    if (auto error = read_own_fields(body, out)) return *error;
    auto items = items_of(body);
    if (auto* error = std::get_if<ApiError>(&items)) return *error;
    out.input = std::move(std::get<json>(items));
    json chat = json::object();
    for (const char* key : {"model", "temperature", "top_p", "seed", "parallel_tool_calls", "hearth", "metadata"}) {
        if (body.contains(key)) chat[key] = body[key];
    }
    if (body.contains("max_output_tokens")) chat["max_completion_tokens"] = body["max_output_tokens"];
    if (auto error = translate_messages(history, out, chat["messages"])) return *error;
    if (auto error = translate_tools(body, out, chat)) return *error;
    translate_tool_choice(body, chat);
    if (auto error = translate_format(body, chat)) return *error;
    auto decoded = decode_chat_request(dump_json(chat));
    if (auto* error = std::get_if<ApiError>(&decoded)) return renamed(std::move(*error));
    out.chat = std::move(std::get<ChatRequest>(decoded));
    out.asked = body;
    out.asked.erase("input");
    return out;
}

}  // namespace hearth::web
