// POST /v1/chat/completions: answers from the documents by the agent, or plain generation with the client's tools.
#include <ctime>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "web/answer_meter.h"
#include "web/app.h"
#include "web/chat_reply.h"
#include "web/chat_request.h"
#include "web/receipts/receipt.h"
#include "web/routes.h"
#include "web/sse.h"
#include "web/stop_filter.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

/// With its own status while that is possible, else as the stream's last event.
void fail(ResponseWriter& writer, const ApiError& error) {
    if (!writer.send(error_response(error))) writer.write(sse_data(error_body(error)));
}

ApiError cancelled_error() {
    return {503, "the answer was stopped before it was complete", "overloaded", {}, "cancelled", {}};
}

/// As the client sees this server: behind a proxy that speaks TLS, https.
std::string base_url(const Request& request) {
    const std::string scheme = lower_ascii(request.header("x-forwarded-proto")) == "https" ? "https" : "http";
    return scheme + "://" + std::string(request.header("host"));
}

void plain_answer(const ChatRequest& chat, const ReplyIdentity& identity, llm::TextModel& model, ResponseWriter& writer,
                  AnswerMeter& meter) {
    std::optional<ChunkStream> stream;
    if (chat.stream) stream.emplace(writer, identity, chat.include_usage);
    const auto sink = [&](std::string_view delta) {
        meter.text();
        if (stream && !delta.empty() && !stream->text(delta)) return false;
        return !writer.cancelled().stop_requested();
    };
    const auto completion = model.generate(chat.generate, sink, writer.cancelled());
    if (!completion.ok()) return fail(writer, api_error(completion.error()));
    if (completion->finish_reason == llm::FinishReason::kCancelled) return fail(writer, cancelled_error());
    meter.done(completion->usage);
    if (stream) {
        if (!completion->tool_calls.empty()) stream->tool_calls(completion->tool_calls);
        stream->finish(json::object(), json::object(), completion->finish_reason, completion->usage);
        return;
    }
    const bool calls = !completion->tool_calls.empty();
    json message{{"content", calls && completion->text.empty() ? json(nullptr) : json(completion->text)}};
    if (calls) message["tool_calls"] = tool_calls_json(completion->tool_calls);
    writer.send(json_response(
        dump_json(completion_json(identity, std::move(message), completion->finish_reason, completion->usage))));
}

agents::AskRequest ask_request(const ChatRequest& chat) {
    agents::AskRequest ask;
    ask.messages = chat.generate.messages;
    ask.collection = chat.collection;
    ask.path = chat.path;
    ask.type = chat.type;
    ask.sampling = chat.generate.sampling;
    settle_seed(ask.sampling);
    ask.max_tokens = chat.generate.max_tokens;
    return ask;
}

json event_json(const agents::StepEvent& step) {
    return {{"event", "step"}, {"label", step.label}};
}
json event_json(const agents::ToolEvent& tool) {
    json out = to_json(tool.trace);
    out["event"] = "tool";
    return out;
}
json event_json(const agents::SourcesEvent& sources) {
    return {{"event", "sources"}, {"found", sources.found}, {"sources", sources_json(sources.sources)}};
}

/// The answer as far as the stop strings let it be seen: its text, and the citations in that.
void cut_answer(agents::Answer& answer, const std::string& shown) {
    answer.text = shown;
    std::erase_if(answer.citations, [&](const agents::CitationMark& mark) { return mark.end > shown.size(); });
    answer.finish_reason = llm::FinishReason::kStop;
}

void document_answer(const ChatRequest& chat, const ReplyIdentity& identity, const std::string& base, App& app,
                     ResponseWriter& writer, AnswerMeter& meter) {
    std::optional<ChunkStream> stream;
    if (chat.stream) stream.emplace(writer, identity, chat.include_usage);
    StopFilter filter(chat.generate.stop);
    std::string shown;
    const auto on_text = [&](const std::string& text) {
        meter.text();
        const std::string visible = filter.push(text);
        shown += visible;
        const bool alive = !stream || visible.empty() || stream->text(visible);
        return alive && !filter.stopped();
    };
    const agents::EventSink sink = [&](const agents::Event& event) {
        if (writer.cancelled().stop_requested()) return false;
        if (const auto* delta = std::get_if<agents::DeltaEvent>(&event)) return on_text(delta->text);
        if (!stream) return true;
        if (const auto* step = std::get_if<agents::StepEvent>(&event)) return stream->event(event_json(*step));
        if (const auto* tool = std::get_if<agents::ToolEvent>(&event)) return stream->event(event_json(*tool));
        return stream->event(event_json(std::get<agents::SourcesEvent>(event)));
    };
    const agents::AskRequest ask = ask_request(chat);
    auto answer = app.services().agent->ask(ask, sink, writer.cancelled());
    if (!answer.ok()) return fail(writer, api_error(answer.error()));
    const bool cancelled = answer->finish_reason == llm::FinishReason::kCancelled && !filter.stopped();
    if (cancelled || writer.cancelled().stop_requested()) return fail(writer, cancelled_error());
    const std::string rest = filter.flush();
    if (!filter.stopped()) keep_receipt(app, identity.id, ask, *answer);
    if (filter.stopped()) cut_answer(*answer, shown);
    meter.done(answer->usage);
    const json annotations = annotations_json(*answer, base);
    const json hearth = answer_json(*answer);
    if (stream) {
        if (!rest.empty()) stream->text(rest);
        stream->finish({{"annotations", annotations}}, hearth, answer->finish_reason, answer->usage);
        return;
    }
    json message{{"content", answer->text}, {"annotations", annotations}, {"hearth", hearth}};
    json reply = completion_json(identity, std::move(message), answer->finish_reason, answer->usage);
    reply["hearth"] = hearth;
    writer.send(json_response(dump_json(reply)));
}

std::optional<ApiError> check_model(const ChatRequest& chat, const Services& services) {
    if (chat.model == kAgentModel || chat.model == services.model->info().id) return std::nullopt;
    if (chat.model == services.embedder->id()) {
        return bad_request("'" + chat.model + "' is an embedding model; it answers on /v1/embeddings", "model");
    }
    return ApiError{404,
                    "there is no model '" + chat.model + "'; use '" + std::string(kAgentModel) + "' or '" +
                        services.model->info().id + "'",
                    "invalid_request_error",
                    "model",
                    "model_not_found",
                    {}};
}

bool has_user_message(const ChatRequest& chat) {
    for (const llm::Message& message : chat.generate.messages) {
        if (message.role == llm::Role::kUser) return true;
    }
    return false;
}

/// What is wrong with the request before a model has seen it.
std::optional<ApiError> check_chat(const App& app, const ChatRequest& chat) {
    if (const std::string why = app.why_not_ready(); !why.empty()) return not_ready(why);
    if (auto error = check_model(chat, app.services())) return error;
    if (chat.from_documents && !has_user_message(chat)) {
        return bad_request("'messages' needs a user message: the question", "messages");
    }
    return std::nullopt;
}

bool prepare_chat(App& app, Request& request, ResponseWriter& writer) {
    auto decoded = decode_chat_request(request.body);
    request.body = std::string();  // the typed request holds all of it; an answer may take minutes
    std::optional<ApiError> error;
    if (auto* refused = std::get_if<ApiError>(&decoded)) {
        error = std::move(*refused);
    } else {
        request.chat = std::make_shared<ChatRequest>(std::move(std::get<ChatRequest>(decoded)));
        error = check_chat(app, *request.chat);
    }
    if (error) {
        fail(writer, *error);
        return false;
    }
    if (request.chat->stream) writer.begin_sse();
    return true;
}

void chat_completions(App& app, Request& request, ResponseWriter& writer) {
    if (request.chat == nullptr && !prepare_chat(app, request, writer)) return;
    const ChatRequest& chat = *request.chat;
    const Services services = app.services();
    if (services.model == nullptr) return fail(writer, cancelled_error());  // stopped while this one waited
    if (writer.cancelled().stop_requested()) return fail(writer, cancelled_error());
    const App::BusyScope busy(app);
    AnswerMeter meter(app.metrics(), writer.cancelled());
    const ReplyIdentity identity{"chatcmpl-" + random_hex(12), std::time(nullptr), chat.model};
    if (chat.from_documents) {
        document_answer(chat, identity, base_url(request), app, writer, meter);
    } else {
        plain_answer(chat, identity, *services.model, writer, meter);
    }
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/v1/chat/completions", Lane::kGeneration, BodyKind::kMemory, Scope::kRead, chat_completions,
     prepare_chat},
};

}  // namespace

std::span<const Route> chat_routes() {
    return kRoutes;
}

}  // namespace hearth::web
