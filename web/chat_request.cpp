#include "web/chat_request.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/chat_messages.h"
#include "web/json_fields.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

using nlohmann::json;

int depth_of(const json& value, int limit) {
    if (!value.is_structured() || limit == 0) return 0;
    int deepest = 0;
    for (const json& child : value) deepest = std::max(deepest, depth_of(child, limit - 1));
    return deepest + 1;
}

/// A JSON Schema as text, within the limits; empty and an error in `fields` otherwise.
std::string schema_text(FieldReader& fields, std::string_view key, const json& schema) {
    if (!schema.is_object()) {
        fields.fail(key, "must be a JSON Schema object");
        return {};
    }
    std::string text = dump_json(schema);
    if (text.size() > kMaxSchemaBytes) {
        fields.fail(key, "is " + std::to_string(text.size()) + " bytes; at most 65536 are possible");
    } else if (depth_of(schema, kMaxSchemaDepth + 1) > kMaxSchemaDepth) {
        fields.fail(key, "is nested deeper than 32 levels");
    }
    return text;
}

void read_logit_bias(FieldReader& fields, llm::SamplingOptions& sampling) {
    const json* bias = fields.object("logit_bias");
    if (bias == nullptr) return;
    if (bias->size() > kMaxLogitBias) return fields.fail("logit_bias", "has more than 300 entries");
    for (const auto& [key, value] : bias->items()) {
        int token = -1;
        const auto parsed = std::from_chars(key.data(), key.data() + key.size(), token);
        const bool whole = parsed.ec == std::errc() && parsed.ptr == key.data() + key.size() && token >= 0;
        const double number = value.is_number() ? value.get<double>() : 1000.0;
        if (!whole || !(number >= -100 && number <= 100)) {
            return fields.fail("logit_bias", "must map token ids to numbers from -100 to 100");
        }
        sampling.logit_bias[token] = static_cast<float>(number);
    }
}

void read_sampling(FieldReader& fields, llm::GenerateRequest& out) {
    llm::SamplingOptions& sampling = out.sampling;
    sampling.temperature = static_cast<float>(fields.number("temperature", 0, 2).value_or(0));
    sampling.top_p = static_cast<float>(fields.number("top_p", 0, 1).value_or(1));
    sampling.top_k = static_cast<int>(fields.integer("top_k", 0, 1'000'000).value_or(0));
    sampling.min_p = static_cast<float>(fields.number("min_p", 0, 1).value_or(0));
    sampling.frequency_penalty = static_cast<float>(fields.number("frequency_penalty", -2, 2).value_or(0));
    sampling.presence_penalty = static_cast<float>(fields.number("presence_penalty", -2, 2).value_or(0));
    if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX))
        sampling.seed = static_cast<std::uint64_t>(*seed);
    if (sampling.top_p <= 0) {  // the limit of a shrinking nucleus: only the best token
        sampling.top_p = 1;
        sampling.top_k = 1;
    }
    read_logit_bias(fields, sampling);
    const auto deprecated = fields.integer("max_tokens", 1, INT32_MAX);
    const auto limit = fields.integer("max_completion_tokens", 1, INT32_MAX);
    out.max_tokens = static_cast<int>(limit.value_or(deprecated.value_or(0)));
}

void read_stop(FieldReader& fields, llm::GenerateRequest& out) {
    const json* stop = fields.any("stop");
    if (stop == nullptr) return;
    const auto add = [&](const json& item) {
        if (!item.is_string() || item.get_ref<const std::string&>().empty() ||
            item.get_ref<const std::string&>().size() > kMaxStopBytes) {
            return fields.fail("stop", "must be strings of 1 to 256 bytes");
        }
        out.stop.push_back(item.get<std::string>());
    };
    if (stop->is_array()) {
        if (stop->size() > kMaxStopStrings) return fields.fail("stop", "has more than 4 strings");
        for (const json& item : *stop) add(item);
    } else {
        add(*stop);
    }
}

void read_response_format(FieldReader& fields, ChatRequest& out) {
    const json* format = fields.object("response_format");
    if (format == nullptr) return;
    FieldReader inner(*format);
    const std::string type = inner.text("type", 64).value_or("");
    if (type == "text") return;
    out.from_documents = false;
    if (type == "json_object") {
        out.generate.json_schema = "{}";
    } else if (type == "json_schema") {
        const json* holder = inner.object("json_schema");
        const auto schema = holder == nullptr ? json() : holder->value("schema", json());
        out.generate.json_schema = schema_text(fields, "response_format.json_schema.schema", schema);
    } else {
        fields.fail("response_format.type", "must be 'text', 'json_object' or 'json_schema'");
    }
}

void read_tools(FieldReader& fields, ChatRequest& out) {
    const json* tools = fields.array("tools");
    if (tools == nullptr) return;
    if (tools->size() > kMaxTools) return fields.fail("tools", "has more than 128 tools");
    for (const json& tool : *tools) {
        const json function = tool.is_object() ? tool.value("function", json()) : json();
        if (!function.is_object()) return fields.fail("tools", "must be {type:\"function\", function:{...}} objects");
        FieldReader inner(function, "tools.function.");
        llm::ToolDefinition definition;
        definition.name = inner.text("name", 64).value_or("");
        definition.description = inner.text("description", kMaxSchemaBytes).value_or("");
        if (const json* parameters = inner.any("parameters")) {
            definition.parameters = schema_text(fields, "tools.function.parameters", *parameters);
        }
        if (inner.error()) return fields.fail("tools", "has a function whose name or description is no short string");
        if (definition.name.empty()) return fields.fail("tools", "has a function without a name");
        out.generate.tools.push_back(std::move(definition));
    }
    if (!out.generate.tools.empty()) out.from_documents = false;
}

void read_tool_choice(FieldReader& fields, llm::GenerateRequest& out) {
    const json* choice = fields.any("tool_choice");
    if (choice == nullptr) return;
    if (choice->is_string()) {
        const auto& name = choice->get_ref<const std::string&>();
        if (name == "none") {
            out.tool_choice = llm::ToolChoice::kNone;
        } else if (name == "required") {
            out.tool_choice = llm::ToolChoice::kRequired;
        } else if (name != "auto") {
            fields.fail("tool_choice", "must be 'none', 'auto', 'required' or a named function");
        }
    } else {
        const json function = choice->is_object() ? choice->value("function", json()) : json();
        const json name = function.is_object() ? function.value("name", json()) : json();
        if (!name.is_string()) return fields.fail("tool_choice", "must name a function: {\"function\":{\"name\":...}}");
        out.tool_choice = llm::ToolChoice::kNamed;
        out.tool_name = name.get<std::string>();
        bool known = false;
        for (const auto& tool : out.tools) known = known || tool.name == out.tool_name;
        if (!known) fields.fail("tool_choice", "names a function that is not among 'tools'");
    }
    const bool must_call = out.tool_choice == llm::ToolChoice::kRequired;
    if (must_call && out.tools.empty()) fields.fail("tool_choice", "is 'required' but there are no 'tools'");
}

void read_unsupported(FieldReader& fields) {
    if (fields.integer("n", 1, 128).value_or(1) != 1) fields.fail("n", "must be 1: one answer per request");
    if (fields.boolean("logprobs").value_or(false)) fields.fail("logprobs", "is not supported; leave it out");
    if (fields.any("top_logprobs") != nullptr) fields.fail("top_logprobs", "is not supported; leave it out");
    if (fields.any("functions") != nullptr) fields.fail("functions", "is the old form; use 'tools'");
    if (fields.any("function_call") != nullptr) fields.fail("function_call", "is the old form; use 'tool_choice'");
    if (fields.any("audio") != nullptr) fields.fail("audio", "is not supported: answers are text");
}

void read_hearth(FieldReader& fields, ChatRequest& out) {
    const json* own = fields.object("hearth");
    if (own == nullptr) return;
    FieldReader inner(*own, "hearth.");
    if (!inner.boolean("retrieval").value_or(true)) out.from_documents = false;
    out.collection = inner.text("collection", 255).value_or("");
    out.path = inner.text("path", 4096).value_or("");
    out.type = inner.text("type", 64).value_or("");
    if (inner.error()) fields.fail("hearth", inner.error()->message);
}

}  // namespace

std::variant<ChatRequest, ApiError> decode_chat_request(std::string_view body) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    ChatRequest out;
    FieldReader fields(*parsed);
    out.model = fields.text("model", 256).value_or("");
    if (!fields.error() && out.model.empty()) fields.fail("model", "is missing; /v1/models lists what there is");
    out.stream = fields.boolean("stream").value_or(false);
    if (const json* options = fields.object("stream_options")) {
        FieldReader inner(*options, "stream_options.");
        out.include_usage = inner.boolean("include_usage").value_or(false);
        if (inner.error()) return *inner.error();
        if (!out.stream) fields.fail("stream_options", "is only possible with stream=true");
    }
    read_unsupported(fields);
    read_sampling(fields, out.generate);
    read_stop(fields, out.generate);
    read_response_format(fields, out);
    read_tools(fields, out);
    read_tool_choice(fields, out.generate);
    read_hearth(fields, out);
    if (fields.error()) return *fields.error();
    if (auto error = decode_messages(*parsed, out.generate.messages)) return *error;
    return out;
}

}  // namespace hearth::web
