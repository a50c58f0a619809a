#include "web/anthropic/messages_reply.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

/// The prompt's cached tokens are counted apart from the others there.
json usage(const llm::Usage& usage) {
    return {{"input_tokens", usage.prompt_tokens - usage.cached_tokens},
            {"cache_read_input_tokens", usage.cached_tokens},
            {"cache_creation_input_tokens", 0},
            {"output_tokens", usage.completion_tokens}};
}

const char* stop_reason(const FinishedAnswer& answer) {
    if (!answer.stop_string.empty()) return "stop_sequence";
    switch (answer.finish_reason) {
        case llm::FinishReason::kLength:
            return "max_tokens";
        case llm::FinishReason::kToolCalls:
            return "tool_use";
        case llm::FinishReason::kStop:
        case llm::FinishReason::kCancelled:
            break;
    }
    return "end_turn";
}

json stop_sequence(const FinishedAnswer& answer) {
    return answer.stop_string.empty() ? json(nullptr) : json(answer.stop_string);
}

json citations(const FinishedAnswer& answer, const std::string& base) {
    json out = json::array();
    if (!answer.from_documents) return out;
    for (const agents::CitationMark& mark : answer.from_documents->citations) {
        for (const agents::Source& source : answer.from_documents->sources) {
            if (source.number != mark.number) continue;
            out.push_back({{"type", "search_result_location"},
                           {"cited_text", source.quote.empty() ? source.hit.text : source.quote},
                           {"source", passage_url(source, base)},
                           {"title", source.hit.document.path},
                           {"search_result_index", source.number - 1},
                           {"start_block_index", 0},
                           {"end_block_index", 1}});
        }
    }
    return out;
}

json arguments_of(const llm::ToolCall& call) {
    auto parsed = parse_json(call.arguments);
    return parsed.ok() && parsed->is_object() ? std::move(*parsed) : json::object();
}

json tool_use(const llm::ToolCall& call, json input) {
    return {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", std::move(input)}};
}

/// There is nobody to verify a signature for: it is empty.
json thinking(const std::string& thought) {
    return {{"type", "thinking"}, {"thinking", thought}, {"signature", ""}};
}

json envelope(const std::string& id, const std::string& model, json content) {
    return {{"id", id},
            {"type", "message"},
            {"role", "assistant"},
            {"model", model},
            {"content", std::move(content)},
            {"stop_reason", nullptr},
            {"stop_sequence", nullptr}};
}

}  // namespace

json anthropic_message(const std::string& id, const std::string& model, const FinishedAnswer& answer,
                       const std::string& base) {
    json content = json::array();
    if (!answer.thought.empty()) content.push_back(thinking(answer.thought));
    if (!answer.text.empty()) {
        const json cited = citations(answer, base);
        content.push_back(
            {{"type", "text"}, {"text", answer.text}, {"citations", cited.empty() ? json(nullptr) : cited}});
    }
    for (const llm::ToolCall& call : answer.tool_calls) content.push_back(tool_use(call, arguments_of(call)));
    json out = envelope(id, model, std::move(content));
    out["stop_reason"] = stop_reason(answer);
    out["stop_sequence"] = stop_sequence(answer);
    out["usage"] = usage(answer.usage);
    if (answer.from_documents) out["hearth"] = answer_json(*answer.from_documents);
    return out;
}

bool AnthropicStream::emit(const char* name, json payload) {
    payload["type"] = name;
    return writer_.write("event: " + std::string(name) + "\ndata: " + dump_json(payload) + "\n\n");
}

bool AnthropicStream::start_message() {
    if (started_) return true;
    started_ = true;
    json message = envelope(id_, model_, json::array());
    message["usage"] = usage({});  // message_delta has the totals, which overwrite these
    return emit("message_start", {{"message", std::move(message)}});
}

bool AnthropicStream::start_block(json block) {
    const bool first = index_ == 0;
    return emit("content_block_start", {{"index", index_}, {"content_block", std::move(block)}}) &&
           (!first || emit("ping", json::object()));
}

bool AnthropicStream::delta(json delta) {
    return emit("content_block_delta", {{"index", index_}, {"delta", std::move(delta)}});
}

bool AnthropicStream::stop_block() {
    open_ = Block::kNone;
    return emit("content_block_stop", {{"index", index_++}});
}

bool AnthropicStream::text(std::string_view text, std::span<const llm::TokenScore>) {
    if (!start_message()) return false;
    if (open_ == Block::kThinking && !end_thought()) return false;
    const json empty{{"type", "text"}, {"text", ""}, {"citations", nullptr}};
    if (open_ == Block::kNone && !start_block(empty)) return false;
    open_ = Block::kText;
    return delta({{"type", "text_delta"}, {"text", std::string(text)}});
}

void AnthropicStream::thought(std::string_view text) {
    start_message();
    if (open_ == Block::kNone) start_block(thinking(""));
    open_ = Block::kThinking;
    delta({{"type", "thinking_delta"}, {"thinking", std::string(text)}});
}

bool AnthropicStream::end_thought() {
    return delta({{"type", "signature_delta"}, {"signature", ""}}) && stop_block();
}

void AnthropicStream::finish(const FinishedAnswer& answer, const std::string& base) {
    start_message();
    if (open_ == Block::kThinking) end_thought();
    if (open_ == Block::kText) {
        for (const json& citation : citations(answer, base)) {
            delta({{"type", "citations_delta"}, {"citation", citation}});
        }
        stop_block();
    }
    for (const llm::ToolCall& call : answer.tool_calls) {
        start_block(tool_use(call, json::object()));
        delta({{"type", "input_json_delta"}, {"partial_json", dump_json(arguments_of(call))}});
        stop_block();
    }
    json last{{"delta", {{"stop_reason", stop_reason(answer)}, {"stop_sequence", stop_sequence(answer)}}},
              {"usage", usage(answer.usage)}};
    if (answer.from_documents) last["hearth"] = answer_json(*answer.from_documents);
    emit("message_delta", std::move(last));
    emit("message_stop", json::object());
}

}  // namespace hearth::web
