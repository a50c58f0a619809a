#include "web/anthropic/messages_request.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/json_fields.h"
#include "web/json_schema_field.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

using nlohmann::json;

std::string string_at(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A string, or an array of text blocks.
std::optional<std::string> text_of(const json& content) {
    if (content.is_string()) return content.get<std::string>();
    if (!content.is_array()) return std::nullopt;
    std::string out;
    for (const json& block : content) {
        if (!block.is_object() || string_at(block, "type") != "text") return std::nullopt;
        if (!out.empty()) out += "\n";
        out += string_at(block, "text");
    }
    return out;
}

/// One message of ours out of the blocks of one of theirs; results of tools become messages before it.
class BlockReader {
  public:
    BlockReader(FieldReader& fields, llm::Role role, std::vector<llm::Message>& out) : fields_(fields), out_(out) {
        message_.role = role;
    }

    void read(const json& content) {
        if (content.is_string()) {
            add_text(content.get_ref<const std::string&>());
        } else if (content.is_array()) {
            for (const json& block : content) read_block(block);
        } else {
            fields_.fail("content", "must be a string or an array of blocks");
        }
        const bool only_results = message_.role == llm::Role::kUser && results_ && message_.content.empty();
        if (!only_results) out_.push_back(std::move(message_));
    }

  private:
    void add_text(const std::string& text) { message_.content += text; }

    void read_block(const json& block) {
        const std::string type = block.is_object() ? string_at(block, "type") : "";
        const bool assistant = message_.role == llm::Role::kAssistant;
        if (type == "text") {
            add_text(string_at(block, "text"));
        } else if (assistant && type == "tool_use") {
            read_tool_use(block);
        } else if (!assistant && type == "tool_result") {
            read_tool_result(block);
        } else if (!assistant && type == "document") {
            read_document(block);
        } else if (type != "thinking" && type != "redacted_thinking") {
            fields_.fail("content", "has a block of type '" + type +
                                        "' that cannot be read here; possible are text, document (text), tool_use and "
                                        "tool_result: this model reads no images");
        }
    }

    void read_tool_use(const json& block) {
        const auto input = block.find("input");
        const std::string arguments = input != block.end() && input->is_object() ? dump_json(*input) : "";
        const std::string id = string_at(block, "id");
        const std::string name = string_at(block, "name");
        if (id.empty() || name.empty() || arguments.empty()) {
            return fields_.fail("content", "has a tool_use block without id, name or an input object");
        }
        message_.tool_calls.push_back({id, name, arguments});
    }

    void read_tool_result(const json& block) {
        llm::Message result;
        result.role = llm::Role::kTool;
        result.tool_call_id = string_at(block, "tool_use_id");
        if (result.tool_call_id.empty()) return fields_.fail("content", "has a tool_result block without tool_use_id");
        const auto text = text_of(block.value("content", json("")));
        if (!text) return fields_.fail("content", "has a tool_result that is not text");
        result.content = *text;
        for (const llm::Message& earlier : out_) {
            for (const llm::ToolCall& call : earlier.tool_calls) {
                if (call.id == result.tool_call_id) result.name = call.name;
            }
        }
        results_ = true;
        out_.push_back(std::move(result));
    }

    void read_document(const json& block) {
        const json source = block.value("source", json::object());
        const std::string type = source.is_object() ? string_at(source, "type") : "";
        const auto text = type == "text"      ? std::optional(string_at(source, "data"))
                          : type == "content" ? text_of(source.value("content", json()))
                                              : std::nullopt;
        if (!text) {
            return fields_.fail("content",
                                "has a document whose source is not text; put other documents into the "
                                "folder");
        }
        const std::string title = string_at(block, "title");
        add_text("\n[" + (title.empty() ? "document" : title) + "]\n" + *text + "\n");
    }

    FieldReader& fields_;
    std::vector<llm::Message>& out_;
    llm::Message message_;
    bool results_ = false;
};

void read_system(FieldReader& fields, llm::GenerateRequest& out) {
    const json* system = fields.any("system");
    if (system == nullptr) return;
    const auto text = text_of(*system);
    if (!text) return fields.fail("system", "must be a string or an array of text blocks");
    out.messages.push_back({.role = llm::Role::kSystem, .content = *text});
}

std::optional<ApiError> read_messages(const json& body, llm::GenerateRequest& out) {
    const auto messages = body.find("messages");
    if (messages == body.end() || !messages->is_array() || messages->empty()) {
        return bad_request("'messages' must be a non-empty array", "messages");
    }
    if (messages->size() > kMaxMessages) return bad_request("'messages' has more than 2000 entries", "messages");
    for (std::size_t i = 0; i < messages->size(); ++i) {
        const json& item = (*messages)[i];
        const std::string name = "messages." + std::to_string(i);
        if (!item.is_object()) return bad_request("'" + name + "' must be an object", name);
        FieldReader fields(item, name + ".");
        const std::string role = fields.text("role", 64).value_or("");
        if (role != "user" && role != "assistant") fields.fail("role", "must be 'user' or 'assistant'");
        BlockReader(fields, role == "user" ? llm::Role::kUser : llm::Role::kAssistant, out.messages)
            .read(item.value("content", json()));
        if (fields.error()) return fields.error();
    }
    return std::nullopt;
}

void read_tools(FieldReader& fields, ChatRequest& out) {
    const json* tools = fields.array("tools");
    if (tools == nullptr) return;
    if (tools->size() > kMaxTools) return fields.fail("tools", "has more than 128 tools");
    for (const json& tool : *tools) {
        const std::string name = tool.is_object() ? string_at(tool, "name") : "";
        const bool own = tool.is_object() && tool.contains("input_schema");
        if (name.empty() || !own) {
            return fields.fail("tools",
                               "must be objects with name and input_schema; tools that run on the server "
                               "are not possible");
        }
        llm::ToolDefinition definition{name, string_at(tool, "description"), {}};
        definition.parameters = schema_text(fields, "tools.input_schema", tool.at("input_schema"));
        if (tool.value("strict", json()) == true) out.strict_tools.push_back(name);
        out.generate.tools.push_back(std::move(definition));
    }
}

void read_tool_choice(FieldReader& fields, ChatRequest& out) {
    const json* choice = fields.object("tool_choice");
    if (choice == nullptr) return;
    FieldReader inner(*choice, "tool_choice.");
    const std::string type = inner.text("type", 16).value_or("");
    out.parallel_tool_calls = !inner.boolean("disable_parallel_tool_use").value_or(false);
    llm::GenerateRequest& generate = out.generate;
    if (type == "none") {
        generate.tool_choice = llm::ToolChoice::kNone;
    } else if (type == "any") {
        generate.tool_choice = llm::ToolChoice::kRequired;
        if (generate.tools.empty()) fields.fail("tool_choice", "is 'any' but there are no 'tools'");
    } else if (type == "tool") {
        generate.tool_choice = llm::ToolChoice::kNamed;
        generate.tool_name = inner.text("name", 256).value_or("");
        bool known = false;
        for (const auto& tool : generate.tools) known = known || tool.name == generate.tool_name;
        if (!known) fields.fail("tool_choice", "names a tool that is not among 'tools'");
    } else if (type != "auto") {
        fields.fail("tool_choice", "must be of type 'auto', 'any', 'tool' or 'none'");
    }
    if (inner.error()) fields.fail("tool_choice", inner.error()->message);
}

void read_sampling(FieldReader& fields, bool needs_max_tokens, llm::GenerateRequest& out) {
    const auto limit = fields.integer("max_tokens", 1, INT32_MAX);
    if (!limit && needs_max_tokens) fields.fail("max_tokens", "is missing: the longest answer, in tokens");
    out.max_tokens = static_cast<int>(limit.value_or(0));
    out.sampling.temperature = static_cast<float>(fields.number("temperature", 0, 1).value_or(0));
    out.sampling.top_p = static_cast<float>(fields.number("top_p", 0, 1).value_or(1));
    out.sampling.top_k = static_cast<int>(fields.integer("top_k", 0, 1'000'000).value_or(0));
    if (out.sampling.top_p <= 0) {  // the limit of a shrinking nucleus: only the best token
        out.sampling.top_p = 1;
        out.sampling.top_k = 1;
    }
    const json* stops = fields.array("stop_sequences");
    if (stops == nullptr) return;
    if (stops->size() > kMaxStopSequences) return fields.fail("stop_sequences", "has more than 32 strings");
    for (const json& stop : *stops) {
        const bool good = stop.is_string() && !stop.get_ref<const std::string&>().empty() &&
                          stop.get_ref<const std::string&>().size() <= kMaxStopBytes;
        if (!good) return fields.fail("stop_sequences", "must be strings of 1 to 256 bytes");
        out.stop.push_back(stop.get<std::string>());
    }
}

/// `output_config.format`, or `output_format` as older clients send it.
void read_format(FieldReader& fields, ChatRequest& out) {
    const json* config = fields.object("output_config");
    const json held = config == nullptr ? json() : config->value("format", json());
    const json* older = fields.object("output_format");
    const json& format = held.is_object() || older == nullptr ? held : *older;
    if (!format.is_object()) return;
    if (string_at(format, "type") != "json_schema") {
        return fields.fail("output_config.format.type", "must be 'json_schema'");
    }
    out.generate.json_schema = schema_text(fields, "output_config.format.schema", format.value("schema", json()));
}

/// A model thinks, or it does not: `budget_tokens` is not kept.
void read_thinking(FieldReader& fields, llm::GenerateRequest& out) {
    const json* thinking = fields.object("thinking");
    if (thinking == nullptr) return;
    const std::string type = FieldReader(*thinking, "thinking.").text("type", 16).value_or("");
    out.thinking = type == "enabled" || type == "adaptive";
    if (!out.thinking && type != "disabled")
        fields.fail("thinking", "must be of type 'enabled', 'adaptive' or 'disabled'");
}

/// The last assistant message is the beginning of the answer, not a turn before it.
std::optional<ApiError> take_prefill(ChatRequest& out) {
    std::vector<llm::Message>& messages = out.generate.messages;
    const llm::Message& last = messages.back();
    if (last.role != llm::Role::kAssistant || !last.tool_calls.empty()) return std::nullopt;
    if (out.from_documents) {
        return bad_request("an answer from the documents cannot be begun for the model; end with a user message",
                           "messages");
    }
    out.generate.assistant_prefix = last.content;
    messages.pop_back();
    return std::nullopt;
}

}  // namespace

std::variant<ChatRequest, ApiError> decode_anthropic_request(std::string_view body, bool needs_max_tokens) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    ChatRequest out;
    FieldReader fields(*parsed);
    out.model = fields.text("model", 256).value_or("");
    if (!fields.error() && out.model.empty()) fields.fail("model", "is missing; /v1/models lists what there is");
    out.stream = fields.boolean("stream").value_or(false);
    read_sampling(fields, needs_max_tokens, out.generate);
    read_tools(fields, out);
    read_tool_choice(fields, out);
    read_format(fields, out);
    read_thinking(fields, out.generate);
    read_system(fields, out.generate);
    if (fields.error()) return *fields.error();
    if (auto error = read_messages(*parsed, out.generate)) return *error;
    out.from_documents = out.model == kAgentModel && out.generate.tools.empty() && !out.generate.json_schema;
    if (auto error = take_prefill(out)) return *error;
    return out;
}

}  // namespace hearth::web
