#include "web/chat_reply.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/utf8.h"
#include "web/error_map.h"
#include "web/sse.h"

namespace hearth::web {

using nlohmann::json;

namespace {

/// A token as OpenAI writes it: text that is always valid, and the bytes themselves.
json token_json(const llm::TokenLogprob& token) {
    json bytes = json::array();
    for (const char c : token.bytes) bytes.push_back(static_cast<unsigned char>(c));
    return {{"token", sanitize_utf8(token.bytes)}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

}  // namespace

json usage_json(const llm::Usage& usage) {
    return {{"prompt_tokens", usage.prompt_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
            {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
            {"completion_tokens_details", {{"reasoning_tokens", usage.thought_tokens}}}};
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

json logprobs_json(std::span<const llm::TokenScore> scores) {
    json content = json::array();
    for (const llm::TokenScore& score : scores) {
        json entry = token_json(score.chosen);
        entry["top_logprobs"] = json::array();
        for (const llm::TokenLogprob& token : score.top) entry["top_logprobs"].push_back(token_json(token));
        content.push_back(std::move(entry));
    }
    return {{"content", std::move(content)}, {"refusal", nullptr}};
}

json choice_json(int index, json message, llm::FinishReason reason, json logprobs) {
    message["role"] = "assistant";
    message["refusal"] = nullptr;
    return {{"index", index},
            {"message", std::move(message)},
            {"finish_reason", finish_reason_name(reason)},
            {"logprobs", std::move(logprobs)}};
}

json completion_json(const ReplyIdentity& identity, json choices, const llm::Usage& usage) {
    return {{"id", identity.id},       {"object", "chat.completion"},   {"created", identity.created},
            {"model", identity.model}, {"choices", std::move(choices)}, {"usage", usage_json(usage)}};
}

ChunkStream::ChunkStream(ResponseWriter& writer, ReplyIdentity identity, bool include_usage, int choices)
    : writer_(writer),
      identity_(std::move(identity)),
      include_usage_(include_usage),
      role_sent_(static_cast<std::size_t>(choices)) {
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

struct ChunkStream::Chunk {
    json delta = json::object();
    const char* finish_reason = nullptr;
    json logprobs = nullptr;
    json hearth = nullptr;
};

bool ChunkStream::write(int choice, Chunk chunk) {
    const std::lock_guard lock(mutex_);
    if (failed_) return false;
    std::string bytes;
    const auto add = [&](Chunk& part) {
        json out = frame();
        out["choices"].push_back(
            {{"index", choice},
             {"delta", std::move(part.delta)},
             {"finish_reason", part.finish_reason == nullptr ? json(nullptr) : json(part.finish_reason)},
             {"logprobs", std::move(part.logprobs)}});
        if (!part.hearth.is_null()) out["hearth"] = std::move(part.hearth);
        bytes += sse_data(dump_json(out));
    };
    if (!role_sent_[static_cast<std::size_t>(choice)]) {
        role_sent_[static_cast<std::size_t>(choice)] = true;
        Chunk role{.delta = {{"role", "assistant"}, {"content", ""}}};
        add(role);
    }
    add(chunk);
    return writer_.write(bytes);
}

bool ChunkStream::text(int choice, std::string_view delta, std::span<const llm::TokenScore> scores) {
    return write(choice, {.delta = {{"content", std::string(delta)}},
                          .logprobs = scores.empty() ? json(nullptr) : logprobs_json(scores)});
}

bool ChunkStream::thought(int choice, std::string_view delta) {
    return write(choice, {.delta = {{"reasoning_content", std::string(delta)}}});
}

bool ChunkStream::tool_calls(int choice, const std::vector<llm::ToolCall>& calls) {
    const json whole = tool_calls_json(calls);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        json first = whole[i];
        first["index"] = i;
        const json arguments = first["function"]["arguments"];
        first["function"]["arguments"] = "";
        const json rest{{"index", i}, {"function", {{"arguments", arguments}}}};
        for (const json& part : {first, rest}) {
            if (!write(choice, {.delta = {{"tool_calls", json::array({part})}}})) return false;
        }
    }
    return true;
}

bool ChunkStream::event(int choice, json hearth) {
    return write(choice, {.hearth = std::move(hearth)});
}

bool ChunkStream::finish(int choice, json delta, json hearth, llm::FinishReason reason) {
    return write(choice, {.delta = std::move(delta),
                          .finish_reason = finish_reason_name(reason),
                          .hearth = hearth.empty() ? json(nullptr) : std::move(hearth)});
}

bool ChunkStream::done(const llm::Usage& usage) {
    const std::lock_guard lock(mutex_);
    if (failed_) return false;
    std::string bytes;
    if (include_usage_) {
        json out = frame();
        out["usage"] = usage_json(usage);
        bytes = sse_data(dump_json(out));
    }
    return writer_.write(bytes.append(kSseDone));
}

void ChunkStream::fail(const ApiError& error) {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    failed_ = true;
    if (!writer_.send(error_response(error))) writer_.write(sse_data(error_body(error)));
}

}  // namespace hearth::web
