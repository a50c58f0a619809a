#include "web/ollama/request.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/json_fields.h"
#include "web/json_schema_field.h"
#include "web/limits.h"
#include "web/ollama/keep_alive.h"

namespace hearth::web {
namespace {

using nlohmann::json;

void read_stop(FieldReader& fields, const json& options, llm::GenerateRequest& out) {
    const auto found = options.find("stop");
    if (found == options.end() || found->is_null()) return;
    const json list = found->is_array() ? *found : json::array({*found});
    if (list.size() > kMaxStopSequences) return fields.fail("stop", "has more than 32 strings");
    for (const json& stop : list) {
        const bool good = stop.is_string() && !stop.get_ref<const std::string&>().empty() &&
                          stop.get_ref<const std::string&>().size() <= kMaxStopBytes;
        if (!good) return fields.fail("stop", "must be strings of 1 to 256 bytes");
        out.stop.push_back(stop.get<std::string>());
    }
}

void read_options(FieldReader& outer, llm::GenerateRequest& out) {
    const json* options = outer.object("options");
    if (options == nullptr) return;
    FieldReader fields(*options, "options.");
    llm::SamplingOptions& sampling = out.sampling;
    sampling.temperature = static_cast<float>(fields.number("temperature", 0, 2).value_or(0));
    sampling.top_k = static_cast<int>(std::max<std::int64_t>(0, fields.integer("top_k", -1, 1'000'000).value_or(0)));
    sampling.top_p = static_cast<float>(fields.number("top_p", 0, 1).value_or(1));
    sampling.min_p = static_cast<float>(fields.number("min_p", 0, 1).value_or(0));
    sampling.repetition_penalty = static_cast<float>(fields.number("repeat_penalty", 1, 10).value_or(1));
    sampling.frequency_penalty = static_cast<float>(fields.number("frequency_penalty", -2, 2).value_or(0));
    sampling.presence_penalty = static_cast<float>(fields.number("presence_penalty", -2, 2).value_or(0));
    const auto window = fields.integer("repeat_last_n", -1, 1 << 20);
    if (window) sampling.repetition_window = static_cast<int>(*window < 0 ? 1 << 20 : *window);
    if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX)) {
        sampling.seed = static_cast<std::uint64_t>(*seed);
    }
    if (sampling.top_p <= 0) {  // the limit of a shrinking nucleus: only the best token
        sampling.top_p = 1;
        sampling.top_k = 1;
    }
    const auto limit = fields.integer("num_predict", -2, INT32_MAX).value_or(-1);
    out.max_tokens = static_cast<int>(std::max<std::int64_t>(0, limit));  // -1 and -2: what the context holds
    read_stop(fields, *options, out);
    if (fields.error()) outer.fail("options", fields.error()->message);
}

void read_format(FieldReader& fields, llm::GenerateRequest& out) {
    const json* format = fields.any("format");
    if (format == nullptr || *format == "") return;
    if (*format == "json") {
        out.json_schema = "{}";
    } else if (format->is_object()) {
        out.json_schema = schema_text(fields, "format", *format);
    } else {
        fields.fail("format", "must be 'json' or a JSON Schema");
    }
}

void read_logprobs(FieldReader& fields, llm::GenerateRequest& out) {
    const bool wanted = fields.boolean("logprobs").value_or(false);
    const auto top = fields.integer("top_logprobs", 0, llm::kMaxTopLogprobs);
    if (wanted) out.top_logprobs = static_cast<int>(top.value_or(0));
}

void read_tools(FieldReader& fields, llm::GenerateRequest& out) {
    const json* tools = fields.array("tools");
    if (tools == nullptr) return;
    if (tools->size() > kMaxTools) return fields.fail("tools", "has more than 128 tools");
    for (const json& tool : *tools) {
        const json function = tool.is_object() ? tool.value("function", json()) : json();
        const json name = function.is_object() ? function.value("name", json()) : json();
        if (!name.is_string()) return fields.fail("tools", "must be {type:\"function\", function:{name, ...}} objects");
        const json description = function.value("description", json());
        llm::ToolDefinition definition{
            name.get<std::string>(), description.is_string() ? description.get<std::string>() : "", {}};
        const json parameters = function.value("parameters", json());
        if (!parameters.is_null()) definition.parameters = schema_text(fields, "tools.function.parameters", parameters);
        out.tools.push_back(std::move(definition));
    }
}

/// Calls have no ids here: a result answers the calls before it in order, or the one that it names.
void read_calls(FieldReader& fields, std::size_t message_index, llm::Message& message) {
    const json* calls = fields.array("tool_calls");
    if (calls == nullptr) return;
    for (const json& call : *calls) {
        const json function = call.is_object() ? call.value("function", json()) : json();
        const json name = function.is_object() ? function.value("name", json()) : json();
        if (!name.is_string()) return fields.fail("tool_calls", "needs function.name");
        const json arguments = function.value("arguments", json::object());
        if (!arguments.is_object()) return fields.fail("tool_calls", "needs function.arguments as an object");
        const std::string id =
            "call_" + std::to_string(message_index) + "_" + std::to_string(message.tool_calls.size());
        message.tool_calls.push_back({id, name.get<std::string>(), dump_json(arguments)});
    }
}

void answer_call(FieldReader& fields, const std::vector<llm::Message>& earlier, llm::Message& message) {
    message.name = fields.text("tool_name", 256).value_or(fields.text("name", 256).value_or(""));
    std::size_t results = 0;
    for (auto turn = earlier.rbegin(); turn != earlier.rend(); ++turn) {
        if (turn->role == llm::Role::kTool) {
            ++results;
            continue;
        }
        for (std::size_t i = 0; i < turn->tool_calls.size(); ++i) {
            const llm::ToolCall& call = turn->tool_calls[i];
            const bool meant = message.name.empty() ? i == results : call.name == message.name;
            if (!meant) continue;
            message.tool_call_id = call.id;
            message.name = call.name;
            return;
        }
        return;
    }
}

std::optional<llm::Role> role_of(const std::string& name) {
    if (name == "system") return llm::Role::kSystem;
    if (name == "user") return llm::Role::kUser;
    if (name == "assistant") return llm::Role::kAssistant;
    if (name == "tool") return llm::Role::kTool;
    return std::nullopt;
}

std::optional<ApiError> read_messages(FieldReader& outer, llm::GenerateRequest& out) {
    const json* messages = outer.array("messages");
    if (outer.error() || messages == nullptr) return outer.error();
    if (messages->size() > kMaxMessages) return bad_request("'messages' has more than 2000 entries", "messages");
    for (std::size_t i = 0; i < messages->size(); ++i) {
        const json& item = (*messages)[i];
        const std::string prefix = "messages[" + std::to_string(i) + "]";
        if (!item.is_object()) return bad_request("'" + prefix + "' must be an object", prefix);
        FieldReader fields(item, prefix + ".");
        llm::Message message;
        const auto role = role_of(fields.text("role", 64).value_or(""));
        if (!role) fields.fail("role", "must be 'system', 'user', 'assistant' or 'tool'");
        message.role = role.value_or(llm::Role::kUser);
        message.content = fields.text("content", SIZE_MAX).value_or("");
        const json* images = fields.array("images");
        if (images != nullptr && !images->empty()) fields.fail("images", "is not possible: this model reads no images");
        read_calls(fields, i, message);
        if (message.role == llm::Role::kTool) answer_call(fields, out.messages, message);
        if (fields.error()) return fields.error();
        out.messages.push_back(std::move(message));
    }
    return std::nullopt;
}

/// true, false, or how much.
void read_think(FieldReader& fields, llm::GenerateRequest& out) {
    const json* think = fields.any("think");
    if (think == nullptr) return;
    if (!think->is_boolean() && !think->is_string()) return fields.fail("think", "must be true, false or a level");
    out.thinking = *think == true || (think->is_string() && *think != "none");
}

/// What both requests have.
void read_common(FieldReader& fields, ChatRequest& out) {
    out.model = std::string(ollama_model_name(fields.text("model", 256).value_or("")));
    if (!fields.error() && out.model.empty()) fields.fail("model", "is missing; /api/tags lists what there is");
    out.stream = fields.boolean("stream").value_or(true);
    out.keep_loaded = read_keep_alive(fields);
    read_options(fields, out.generate);
    read_format(fields, out.generate);
    read_logprobs(fields, out.generate);
    read_think(fields, out.generate);
}

void choose_source(ChatRequest& out) {
    const llm::GenerateRequest& generate = out.generate;
    out.from_documents = out.model == kAgentModel && generate.tools.empty() && !generate.json_schema &&
                         !generate.top_logprobs && !generate.messages.empty();
}

}  // namespace

std::string_view ollama_model_name(std::string_view name) noexcept {
    constexpr std::string_view kLatest = ":latest";
    if (name.ends_with(kLatest)) name.remove_suffix(kLatest.size());
    return name;
}

std::variant<ChatRequest, ApiError> decode_ollama_chat(std::string_view body) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    ChatRequest out;
    FieldReader fields(*parsed);
    read_common(fields, out);
    read_tools(fields, out.generate);
    if (fields.error()) return *fields.error();
    if (auto error = read_messages(fields, out.generate)) return *error;
    choose_source(out);
    return out;
}

std::variant<ChatRequest, ApiError> decode_ollama_generate(std::string_view body) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    ChatRequest out;
    FieldReader fields(*parsed);
    read_common(fields, out);
    const std::string prompt = fields.text("prompt", SIZE_MAX).value_or("");
    const std::string system = fields.text("system", SIZE_MAX).value_or("");
    if (!fields.text("suffix", SIZE_MAX).value_or("").empty()) {
        fields.fail("suffix", "is not possible: this model does not fill gaps");
    }
    if (!fields.text("template", SIZE_MAX).value_or("").empty()) {
        fields.fail("template", "is not possible: the model file's own is used; send raw=true for none");
    }
    const json* images = fields.array("images");
    if (images != nullptr && !images->empty()) fields.fail("images", "is not possible: this model reads no images");
    const bool raw = fields.boolean("raw").value_or(false);
    if (fields.error()) return *fields.error();
    if (raw) out.raw_prompt = prompt;
    if (prompt.empty() || raw) {
        out.from_documents = false;
        return out;
    }
    if (!system.empty()) out.generate.messages.push_back({.role = llm::Role::kSystem, .content = system});
    out.generate.messages.push_back({.role = llm::Role::kUser, .content = prompt});
    choose_source(out);
    return out;
}

}  // namespace hearth::web
