#include "web/chat_request.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/chat_messages.h"
#include "web/json_fields.h"
#include "web/json_schema_field.h"
#include "web/limits.h"
#include "web/openai_fields.h"

namespace hearth::web {
namespace {

using nlohmann::json;

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
        const bool strict = inner.boolean("strict").value_or(false);
        if (inner.error()) return fields.fail("tools", inner.error()->message);
        if (definition.name.empty()) return fields.fail("tools", "has a function without a name");
        if (strict) out.strict_tools.push_back(definition.name);
        out.generate.tools.push_back(std::move(definition));
    }
    if (!out.generate.tools.empty()) out.from_documents = false;
}

/// {"mode": "auto"|"required", "tools": [...]}: the model sees only these.
void read_allowed_tools(FieldReader& fields, const json& allowed, llm::GenerateRequest& out) {
    const json mode = allowed.is_object() ? allowed.value("mode", json()) : json();
    const json names = allowed.is_object() ? allowed.value("tools", json()) : json();
    if ((mode != "auto" && mode != "required") || !names.is_array()) {
        return fields.fail("tool_choice", "of type 'allowed_tools' needs mode 'auto' or 'required', and tools");
    }
    std::vector<llm::ToolDefinition> kept;
    for (const json& name : names) {
        const json function = name.is_object() ? name.value("function", json()) : json();
        const json wanted = function.is_object() ? function.value("name", json()) : json();
        const auto found = std::find_if(out.tools.begin(), out.tools.end(),
                                        [&](const llm::ToolDefinition& tool) { return wanted == tool.name; });
        if (found == out.tools.end()) return fields.fail("tool_choice", "allows a function that is not among 'tools'");
        kept.push_back(*found);
    }
    out.tools = std::move(kept);
    if (mode == "required") out.tool_choice = llm::ToolChoice::kRequired;
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
    } else if (choice->is_object() && choice->value("type", json()) == "allowed_tools") {
        read_allowed_tools(fields, choice->value("allowed_tools", json()), out);
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

/// They are of the model's own words, so the plain engine answers.
void read_logprobs(FieldReader& fields, ChatRequest& out) {
    const bool wanted = fields.boolean("logprobs").value_or(false);
    const auto top = fields.integer("top_logprobs", 0, llm::kMaxTopLogprobs);
    if (top && !wanted) fields.fail("top_logprobs", "needs logprobs=true");
    if (!wanted) return;
    out.generate.top_logprobs = static_cast<int>(top.value_or(0));
    out.from_documents = false;
}

void read_unsupported(FieldReader& fields) {
    if (fields.any("functions") != nullptr) fields.fail("functions", "is the old form; use 'tools'");
    if (fields.any("function_call") != nullptr) fields.fail("function_call", "is the old form; use 'tool_choice'");
    if (fields.any("audio") != nullptr) fields.fail("audio", "is not supported: answers are text");
}

void read_hearth(FieldReader& fields, ChatRequest& out) {
    const json* own = fields.object("hearth");
    if (own == nullptr) return;
    FieldReader inner(*own, "hearth.");
    inner.only({"retrieval", "collection", "path", "type", "adapter"});
    if (!inner.boolean("retrieval").value_or(true)) out.from_documents = false;
    out.collection = inner.text("collection", 255).value_or("");
    if (const auto adapter = inner.text("adapter", 255)) out.model += ":" + *adapter;
    out.path = inner.text("path", 4096).value_or("");
    out.type = inner.text("type", 64).value_or("");
    if (inner.error()) fields.fail("hearth", inner.error()->message);
}

/// A model thinks, or it does not; there is no more and less of it. `chat_template_kwargs` is how vLLM's and
/// llama.cpp's clients say it.
void read_thinking(FieldReader& fields, llm::GenerateRequest& out) {
    if (const auto effort = fields.text("reasoning_effort", 16)) {
        constexpr std::string_view kNone[] = {"none", "minimal"}, kSome[] = {"low", "medium", "high", "xhigh"};
        out.thinking = std::find(std::begin(kSome), std::end(kSome), *effort) != std::end(kSome);
        if (!out.thinking && std::find(std::begin(kNone), std::end(kNone), *effort) == std::end(kNone))
            fields.fail("reasoning_effort", "must be none, minimal, low, medium, high or xhigh");
    }
    if (const json* settings = fields.object("chat_template_kwargs")) {
        FieldReader inner(*settings, "chat_template_kwargs.");
        if (const auto wanted = inner.boolean("enable_thinking")) out.thinking = *wanted;
        if (inner.error()) fields.fail("chat_template_kwargs", inner.error()->message);
    }
}

/// What is read only to be checked.
void read_ignored(FieldReader& fields) {
    fields.text("verbosity", 16);
    fields.text("user", 4096);
}

}  // namespace

std::variant<ChatRequest, ApiError> decode_chat_request(std::string_view body) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    ChatRequest out;
    FieldReader fields(*parsed);
    read_shared_fields(fields, out);
    out.parallel_tool_calls = fields.boolean("parallel_tool_calls").value_or(true);
    read_thinking(fields, out.generate);
    read_ignored(fields);
    read_unsupported(fields);
    read_logprobs(fields, out);
    read_response_format(fields, out);
    read_tools(fields, out);
    read_tool_choice(fields, out.generate);
    read_hearth(fields, out);
    if (fields.error()) return *fields.error();
    if (auto error = decode_messages(*parsed, out.generate.messages)) return *error;
    return out;
}

}  // namespace hearth::web
