// /v1/responses: make, stream, keep, read, cancel and forget responses.
#include <ctime>

#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "web/app.h"
#include "web/chat_reply.h"
#include "web/limits.h"
#include "web/model_use.h"
#include "web/responses/answer.h"
#include "web/responses/kept.h"
#include "web/routes.h"
#include "web/sse.h"
#include "web/stores/collections.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using Problem = std::optional<ApiError>;

Problem check_model(const App& app, const ChatRequest& chat) {
    if (const std::string why = app.why_not_ready(); !why.empty()) return not_ready(why);
    return check_model_name(app.services(), chat.model);
}

Problem check_question(const ChatRequest& chat) {
    if (!chat.from_documents) return std::nullopt;
    for (const llm::Message& message : chat.generate.messages) {
        if (message.role == llm::Role::kUser) return std::nullopt;
    }
    return bad_request("'input' needs a user message: the question", "input");
}

/// The store that file_search names becomes the collection that is searched.
Problem bind_store(const App& app, ResponsesRequest& request) {
    if (!request.file_search || request.file_search->store_ids.empty()) return std::nullopt;
    const auto collection = find_collection(app, request.file_search->store_ids.front());
    if (!collection.ok()) return api_error(collection.error());
    request.chat.collection = *collection;
    return std::nullopt;
}

Problem decode(App& app, const std::string& text, std::shared_ptr<ResponsesRequest>& out) {
    auto body = parse_responses_body(text);
    if (auto* error = std::get_if<ApiError>(&body)) return std::move(*error);
    auto history = history_of(app, std::get<json>(body));
    if (!history.ok()) {
        ApiError error = api_error(history.error());
        error.param = "previous_response_id";
        return error;
    }
    auto decoded = decode_responses_request(std::get<json>(body), *history);
    if (auto* error = std::get_if<ApiError>(&decoded)) return std::move(*error);
    out = std::make_shared<ResponsesRequest>(std::move(std::get<ResponsesRequest>(decoded)));
    if (auto error = check_model(app, out->chat)) return error;
    if (auto error = check_question(out->chat)) return error;
    return bind_store(app, *out);
}

bool prepare_response(App& app, Request& request, ResponseWriter& writer) {
    const auto error = decode(app, request.body, request.responses);
    request.body = std::string();
    if (error) {
        writer.send(error_response(*error));
        return false;
    }
    if (request.responses->stream) writer.begin_sse();
    return true;
}

void keep(App& app, const ResponsesRequest& request, const ResponseReply& reply) {
    if (!request.store) return;
    const Status kept = keep_response(app, reply.object(), request.input);
    if (!kept.ok()) HEARTH_LOG(kWarn, "web", "response_not_kept", {{"error", kept.error().message}});
}

/// A failure before the first event of a stream, or without one, has its own HTTP status.
void conclude(const ResponsesRequest& request, ResponseReply& reply, const Problem& error, bool stopped_by_request,
              ResponseWriter& writer) {
    if (error && stopped_by_request) {
        reply.cancel();
    } else if (error) {
        reply.fail(*error);
        if (!request.stream && !request.background) {
            writer.send(error_response(*error));
            return;
        }
    }
    if (!request.stream && !request.background) writer.send(json_response(dump_json(reply.object())));
}

void create_response(App& app, Request& request, ResponseWriter& writer) {
    if (request.responses == nullptr && !prepare_response(app, request, writer)) return;
    const ResponsesRequest& asked = *request.responses;
    const std::string id = "resp_" + random_hex(16);
    StopRegistry::Entry running(app.running(), id);
    ResponseReply reply(asked, id, std::time(nullptr), asked.stream ? &writer : nullptr);
    if (asked.background) {
        keep(app, asked, reply);
        writer.send(json_response(dump_json(reply.object())));
        writer.release();
    }
    const std::stop_callback on_gone(writer.cancelled(), [&] {
        if (!asked.background) running.stop().request_stop();
    });
    reply.begin();
    const Problem error = make_response(app, asked, reply, running.stop().get_token());
    const bool stopped_by_request = running.stop().stop_requested() && !writer.cancelled().stop_requested();
    conclude(asked, reply, error, stopped_by_request, writer);
    if (!error || stopped_by_request || asked.background) keep(app, asked, reply);
}

void fail(ResponseWriter& writer, const Error& error) {
    writer.send(error_response(api_error(error)));
}

void get_response(App& app, Request& request, ResponseWriter& writer) {
    if (request.parameter("stream").value_or("false") == "true") {
        writer.send(error_response(bad_request("a kept response cannot be streamed again", "stream")));
        return;
    }
    const auto kept = kept_response(app, request.captures.at(0));
    if (!kept.ok()) return fail(writer, kept.error());
    writer.send(json_response(dump_json((*kept)["response"])));
}

void delete_response(App& app, Request& request, ResponseWriter& writer) {
    const std::string& id = request.captures.at(0);
    if (app.running().cancel(id)) {  // its end would keep it again
        return fail(writer, Error(ErrorCode::kAlreadyExists, "the response is being stopped; delete it again then"));
    }
    const Status forgotten = forget_response(app, id);
    if (!forgotten.ok()) return fail(writer, forgotten.error());
    writer.send(json_response(dump_json({{"id", id}, {"object", "response"}, {"deleted", true}})));
}

/// Stops it when it runs; what is finished stays as it is.
void cancel_response(App& app, Request& request, ResponseWriter& writer) {
    const std::string& id = request.captures.at(0);
    const bool stopped = app.running().cancel(id);
    auto kept = kept_response(app, id);
    if (!kept.ok()) return fail(writer, kept.error());
    json response = std::move((*kept)["response"]);
    if (stopped) response["status"] = "cancelled";
    writer.send(json_response(dump_json(response)));
}

void list_input_items(App& app, Request& request, ResponseWriter& writer) {
    const auto kept = kept_response(app, request.captures.at(0));
    if (!kept.ok()) return fail(writer, kept.error());
    json items = (*kept)["input"];
    if (request.parameter("order").value_or("desc") == "desc") std::reverse(items.begin(), items.end());
    const auto page = page_of(std::move(items), request);
    if (auto* error = std::get_if<ApiError>(&page)) {
        writer.send(error_response(*error));
        return;
    }
    writer.send(json_response(dump_json(std::get<json>(page))));
}

void count_input_tokens(App& app, Request& request, ResponseWriter& writer) {
    std::shared_ptr<ResponsesRequest> asked;
    if (const auto error = decode(app, request.body, asked)) {
        writer.send(error_response(*error));
        return;
    }
    const auto model = use_model(app.services(), asked->chat.model, writer.cancelled());
    if (const auto* error = std::get_if<ApiError>(&model)) {
        writer.send(error_response(*error));
        return;
    }
    const auto tokens = std::get<ModelUse>(model)->count_prompt_tokens(asked->chat.generate);
    if (!tokens.ok()) return fail(writer, tokens.error());
    writer.send(json_response(dump_json({{"object", "response.input_tokens"}, {"input_tokens", *tokens}})));
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/v1/responses", Lane::kGeneration, BodyKind::kMemory, Scope::kRead, create_response,
     prepare_response},
    {Method::kPost, "/v1/responses/input_tokens", Lane::kShort, BodyKind::kMemory, Scope::kRead, count_input_tokens},
    {Method::kGet, "/v1/responses/{}", Lane::kShort, BodyKind::kNone, Scope::kRead, get_response},
    {Method::kDelete, "/v1/responses/{}", Lane::kShort, BodyKind::kNone, Scope::kWrite, delete_response},
    {Method::kPost, "/v1/responses/{}/cancel", Lane::kShort, BodyKind::kNone, Scope::kWrite, cancel_response},
    {Method::kGet, "/v1/responses/{}/input_items", Lane::kShort, BodyKind::kNone, Scope::kRead, list_input_items},
};

}  // namespace

std::span<const Route> response_routes() {
    return kRoutes;
}

}  // namespace hearth::web
