// POST /v1/messages and /v1/messages/count_tokens. The header anthropic-version is accepted, whatever it says.
#include <optional>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "web/anthropic/messages_reply.h"
#include "web/anthropic/messages_request.h"
#include "web/model_use.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

bool prepare_messages(App& app, Request& request, ResponseWriter& writer) {
    return prepare_answer(app, request, writer, decode_anthropic_request(request.body, true), StreamKind::kSse);
}

/// With its own status while that is possible, else as the stream's last event.
void fail(ResponseWriter& writer, const ApiError& error) {
    if (writer.send(error_response(error))) return;
    writer.write("event: error\ndata: " + error_body(error, Dialect::kAnthropic) + "\n\n");
}

void messages(App& app, Request& request, ResponseWriter& writer) {
    if (request.chat == nullptr && !prepare_messages(app, request, writer)) return;
    const ChatRequest& chat = *request.chat;
    const std::string id = "msg_" + random_hex(12);
    const std::string base = base_url(request);
    AnthropicStream stream(writer, id, chat.model);
    SilentListener silent;
    AnswerListener& listener = chat.stream ? static_cast<AnswerListener&>(stream) : silent;
    const auto made = make_answer(app, chat, 0, listener, writer.cancelled());
    if (const auto* error = std::get_if<ApiError>(&made)) return fail(writer, *error);
    const auto& answer = std::get<FinishedAnswer>(made);
    if (chat.stream) return stream.finish(answer, base);
    writer.send(json_response(dump_json(anthropic_message(id, chat.model, answer, base))));
}

void count_tokens(App& app, Request& request, ResponseWriter& writer) {
    const auto decoded = decode_anthropic_request(request.body, false);
    std::optional<ApiError> error;
    if (const auto* refused = std::get_if<ApiError>(&decoded)) {
        error = *refused;
    } else {
        error = check_chat(app, std::get<ChatRequest>(decoded));
    }
    if (error) return fail(writer, *error);
    const auto& chat = std::get<ChatRequest>(decoded);
    const auto model = use_model(app.services(), chat.model, writer.cancelled());
    if (const auto* refused = std::get_if<ApiError>(&model)) return fail(writer, *refused);
    const auto tokens = std::get<ModelUse>(model)->count_prompt_tokens(chat.generate);
    if (!tokens.ok()) return fail(writer, api_error(tokens.error()));
    writer.send(json_response(dump_json({{"input_tokens", *tokens}})));
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/v1/messages", Lane::kGeneration, BodyKind::kMemory, Scope::kRead, messages, prepare_messages},
    {Method::kPost, "/v1/messages/count_tokens", Lane::kShort, BodyKind::kMemory, Scope::kRead, count_tokens},
};

}  // namespace

std::span<const Route> anthropic_routes() {
    return kRoutes;
}

}  // namespace hearth::web
