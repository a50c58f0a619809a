#include "web/chat_reply.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/sse.h"

namespace hearth::web {

using nlohmann::json;

json usage_json(const llm::Usage& usage) {
    return {{"prompt_tokens", usage.prompt_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
            {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
            {"completion_tokens_details", {{"reasoning_tokens", 0}}}};
}

const char* finish_reason_name(llm::FinishReason reason) noexcept {
    switch (reason) {
        case llm::FinishReason::kLength:
            return "length";
        case llm::FinishReason::kToolCalls:
            return "tool_calls";
        case llm::FinishReason::kStop:
        case llm::FinishReason::kCancelled:
            break;
    }
    return "stop";
}

json tool_calls_json(const std::vector<llm::ToolCall>& calls) {
    json out = json::array();
    for (const llm::ToolCall& call : calls) {
        out.push_back(
            {{"id", call.id},
             {"type", "function"},
             {"function", {{"name", call.name}, {"arguments", call.arguments.empty() ? "{}" : call.arguments}}}});
    }
    return out;
}

json completion_json(const ReplyIdentity& identity, json message, llm::FinishReason reason, const llm::Usage& usage) {
    message["role"] = "assistant";
    message["refusal"] = nullptr;
    return {{"id", identity.id},
            {"object", "chat.completion"},
            {"created", identity.created},
            {"model", identity.model},
            {"choices", json::array({{{"index", 0},
                                      {"message", std::move(message)},
                                      {"finish_reason", finish_reason_name(reason)},
                                      {"logprobs", nullptr}}})},
            {"usage", usage_json(usage)}};
}

ChunkStream::ChunkStream(ResponseWriter& writer, ReplyIdentity identity, bool include_usage)
    : writer_(writer), identity_(std::move(identity)), include_usage_(include_usage) {
    writer_.begin_sse();
}

json ChunkStream::frame() const {
    json out{{"id", identity_.id},
             {"object", "chat.completion.chunk"},
             {"created", identity_.created},
             {"model", identity_.model},
             {"choices", json::array()}};
    if (include_usage_) out["usage"] = nullptr;
    return out;
}

bool ChunkStream::chunk(json delta, const char* finish_reason, json hearth) {
    json out = frame();
    out["choices"].push_back({{"index", 0},
                              {"delta", std::move(delta)},
                              {"finish_reason", finish_reason == nullptr ? json(nullptr) : json(finish_reason)},
                              {"logprobs", nullptr}});
    if (!hearth.is_null()) out["hearth"] = std::move(hearth);
    return writer_.write(sse_data(dump_json(out)));
}

bool ChunkStream::role_once() {
    if (role_sent_) return true;
    role_sent_ = true;
    return chunk({{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
}

bool ChunkStream::text(std::string_view delta) {
    if (delta.empty()) return role_once();
    return role_once() && chunk({{"content", std::string(delta)}}, nullptr, nullptr);
}

bool ChunkStream::tool_calls(const std::vector<llm::ToolCall>& calls) {
    if (!role_once()) return false;
    const json whole = tool_calls_json(calls);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        json first = whole[i];
        first["index"] = i;
        const json arguments = first["function"]["arguments"];
        first["function"]["arguments"] = "";
        const json rest{{"index", i}, {"function", {{"arguments", arguments}}}};
        if (!chunk({{"tool_calls", json::array({first})}}, nullptr, nullptr)) return false;
        if (!chunk({{"tool_calls", json::array({rest})}}, nullptr, nullptr)) return false;
    }
    return true;
}

bool ChunkStream::event(json hearth) {
    return role_once() && chunk(json::object(), nullptr, std::move(hearth));
}

bool ChunkStream::finish(json delta, json hearth, llm::FinishReason reason, const llm::Usage& usage) {
    if (!role_once()) return false;
    if (!chunk(std::move(delta), finish_reason_name(reason), hearth.empty() ? json(nullptr) : std::move(hearth))) {
        return false;
    }
    if (include_usage_) {
        json out = frame();
        out["usage"] = usage_json(usage);
        if (!writer_.write(sse_data(dump_json(out)))) return false;
    }
    return writer_.write(kSseDone);
}

}  // namespace hearth::web
