#include "web/responses/reply.h"

#include "core/hash.h"
#include "core/json.h"
#include "web/sse.h"

namespace hearth::web {
namespace {

using nlohmann::json;

json asked_or(const json& asked, const char* key, json fallback) {
    const auto found = asked.find(key);
    return found == asked.end() || found->is_null() ? std::move(fallback) : *found;
}

json text_part(const std::string& text, const json& annotations) {
    return {{"type", "output_text"}, {"text", text}, {"annotations", annotations}, {"logprobs", json::array()}};
}

/// What a failed response says beside its status.
json error_json(const ApiError& error) {
    return {{"code", error.status == 429 ? "rate_limit_exceeded" : "server_error"}, {"message", error.message}};
}

}  // namespace

json response_usage_json(const llm::Usage& usage) {
    return {{"input_tokens", usage.prompt_tokens},
            {"input_tokens_details", {{"cached_tokens", usage.cached_tokens}, {"cache_write_tokens", 0}}},
            {"output_tokens", usage.completion_tokens},
            {"output_tokens_details", {{"reasoning_tokens", 0}}},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

ResponseReply::ResponseReply(const ResponsesRequest& request, std::string id, std::int64_t created,
                             ResponseWriter* writer)
    : writer_(writer) {
    const json& asked = request.asked;
    object_ = {{"id", std::move(id)},
               {"object", "response"},
               {"created_at", created},
               {"status", "in_progress"},
               {"background", request.background},
               {"error", nullptr},
               {"incomplete_details", nullptr},
               {"instructions", asked_or(asked, "instructions", nullptr)},
               {"max_output_tokens", asked_or(asked, "max_output_tokens", nullptr)},
               {"max_tool_calls", nullptr},
               {"model", request.chat.model},
               {"output", json::array()},
               {"parallel_tool_calls", asked_or(asked, "parallel_tool_calls", true)},
               {"previous_response_id", request.previous_id.empty() ? json(nullptr) : json(request.previous_id)},
               {"reasoning", {{"effort", nullptr}, {"summary", nullptr}}},
               {"store", request.store},
               {"temperature", asked_or(asked, "temperature", 0)},
               {"text", asked_or(asked, "text", {{"format", {{"type", "text"}}}})},
               {"tool_choice", asked_or(asked, "tool_choice", "auto")},
               {"tools", asked_or(asked, "tools", json::array())},
               {"top_p", asked_or(asked, "top_p", 1)},
               {"truncation", "disabled"},
               {"usage", nullptr},
               {"metadata", asked_or(asked, "metadata", json::object())}};
}

bool ResponseReply::event(const char* type, json payload) {
    if (writer_ == nullptr) return true;
    payload["type"] = type;
    payload["sequence_number"] = sequence_++;
    return writer_->write("event: " + std::string(type) + "\n" + sse_data(dump_json(payload)));
}

json ResponseReply::at_item(const json& item) const {
    return {{"item_id", item["id"]}, {"output_index", object_["output"].size()}};
}

bool ResponseReply::begin() {
    if (writer_ != nullptr) writer_->begin_sse();
    return event("response.created", {{"response", object_}}) && event("response.in_progress", {{"response", object_}});
}

bool ResponseReply::file_search_begin() {
    open_ = {{"id", "fs_" + random_hex(12)},
             {"type", "file_search_call"},
             {"status", "in_progress"},
             {"queries", json::array()},
             {"results", nullptr}};
    const json place = at_item(open_);
    return event("response.output_item.added", {{"item", open_}, {"output_index", place["output_index"]}}) &&
           event("response.file_search_call.in_progress", place) && event("response.file_search_call.searching", place);
}

bool ResponseReply::file_search_end(const std::string& query, json results) {
    if (open_.is_null()) return true;
    open_["status"] = "completed";
    open_["queries"] = json::array({query});
    open_["results"] = std::move(results);
    const json place = at_item(open_);
    const bool alive = event("response.file_search_call.completed", place) &&
                       event("response.output_item.done", {{"item", open_}, {"output_index", place["output_index"]}});
    object_["output"].push_back(std::exchange(open_, nullptr));
    return alive;
}

bool ResponseReply::open_message() {
    open_ = {{"id", "msg_" + random_hex(12)},
             {"type", "message"},
             {"status", "in_progress"},
             {"role", "assistant"},
             {"content", json::array()}};
    json part = at_item(open_);
    const json index = part["output_index"];
    part["content_index"] = 0;
    part["part"] = text_part("", json::array());
    return event("response.output_item.added", {{"item", open_}, {"output_index", index}}) &&
           event("response.content_part.added", std::move(part));
}

bool ResponseReply::text(std::string_view delta) {
    if (delta.empty()) return true;
    if (open_.is_null() && !open_message()) return false;
    text_ += delta;
    json payload = at_item(open_);
    payload["content_index"] = 0;
    payload["delta"] = std::string(delta);
    payload["logprobs"] = json::array();
    return event("response.output_text.delta", std::move(payload));
}

bool ResponseReply::end_text(const json& annotations, bool always) {
    if (open_.is_null() && !always) return true;
    bool alive = !open_.is_null() || open_message();
    json place = at_item(open_);
    place["content_index"] = 0;
    for (std::size_t i = 0; i < annotations.size(); ++i) {
        json payload = place;
        payload["annotation_index"] = i;
        payload["annotation"] = annotations[i];
        alive = alive && event("response.output_text.annotation.added", std::move(payload));
    }
    json done = place;
    done["text"] = text_;
    done["logprobs"] = json::array();
    json part = place;
    part["part"] = text_part(text_, annotations);
    open_["status"] = "completed";
    open_["content"].push_back(part["part"]);
    alive = alive && event("response.output_text.done", std::move(done)) &&
            event("response.content_part.done", std::move(part)) &&
            event("response.output_item.done", {{"item", open_}, {"output_index", place["output_index"]}});
    object_["output"].push_back(std::exchange(open_, nullptr));
    return alive;
}

bool ResponseReply::call(const llm::ToolCall& call) {
    const std::string arguments = call.arguments.empty() ? "{}" : call.arguments;
    json item{{"id", "fc_" + random_hex(12)}, {"type", "function_call"}, {"status", "in_progress"},
              {"call_id", call.id},           {"name", call.name},       {"arguments", ""}};
    const json place = at_item(item);
    json delta = place;
    delta["delta"] = arguments;
    json done = place;
    done["arguments"] = arguments;
    done["name"] = call.name;
    bool alive = event("response.output_item.added", {{"item", item}, {"output_index", place["output_index"]}}) &&
                 event("response.function_call_arguments.delta", std::move(delta)) &&
                 event("response.function_call_arguments.done", std::move(done));
    item["status"] = "completed";
    item["arguments"] = arguments;
    alive = alive && event("response.output_item.done", {{"item", item}, {"output_index", place["output_index"]}});
    object_["output"].push_back(std::move(item));
    return alive;
}

bool ResponseReply::end(const char* type, const char* status) {
    object_["status"] = status;
    return event(type, {{"response", object_}});
}

bool ResponseReply::complete(llm::FinishReason reason, const llm::Usage& usage, const json& hearth) {
    object_["usage"] = response_usage_json(usage);
    if (!hearth.is_null()) object_["hearth"] = hearth;
    if (reason != llm::FinishReason::kLength) return end("response.completed", "completed");
    object_["incomplete_details"] = {{"reason", "max_output_tokens"}};
    return end("response.incomplete", "incomplete");
}

bool ResponseReply::fail(const ApiError& error) {
    object_["error"] = error_json(error);
    return end("response.failed", "failed");
}

bool ResponseReply::cancel() {
    return end("response.incomplete", "cancelled");
}

}  // namespace hearth::web
