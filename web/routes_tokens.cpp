// POST /tokenize, /detokenize and /apply-template, in the shapes of llama.cpp's server.
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/utf8.h"
#include "web/app.h"
#include "web/chat_request.h"
#include "web/json_fields.h"
#include "web/model_use.h"
#include "web/openai_fields.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

using nlohmann::json;

/// What a route makes of the body, or what is wrong.
using Outcome = std::variant<json, ApiError>;

void answer(App& app, const Request& request, ResponseWriter& writer,
            Outcome (*make)(const json& body, llm::TextModel& model)) {
    Outcome outcome = ApiError{};
    const auto parsed = parse_json(request.body);
    if (const std::string why = app.why_not_ready(); !why.empty()) {
        outcome = not_ready(why);
    } else if (!parsed.ok()) {
        outcome = bad_request(parsed.error().message);
    } else if (!parsed->is_object()) {
        outcome = bad_request("the body must be a JSON object");
    } else {
        FieldReader fields(*parsed);
        const std::string name = fields.text("model", 256).value_or(std::string(kAgentModel));
        auto used = use_model(app.services(), name, writer.cancelled());
        if (fields.error()) {
            outcome = *fields.error();
        } else if (auto* error = std::get_if<ApiError>(&used)) {
            outcome = std::move(*error);
        } else {
            outcome = make(*parsed, *std::get<ModelUse>(used));
        }
    }
    if (const auto* error = std::get_if<ApiError>(&outcome)) {
        writer.send(error_response(*error));
    } else {
        writer.send(json_response(dump_json(std::get<json>(outcome))));
    }
}

/// Text, or its bytes where a token is no whole text.
json piece_json(const std::string& bytes) {
    if (is_valid_utf8(bytes)) return bytes;
    json out = json::array();
    for (const char c : bytes) out.push_back(static_cast<unsigned char>(c));
    return out;
}

Outcome tokens_of(const json& body, llm::TextModel& model) {
    FieldReader fields(body);
    const std::string content = fields.text("content", SIZE_MAX).value_or("");
    const bool special = fields.boolean("parse_special").value_or(true);
    const bool pieces = fields.boolean("with_pieces").value_or(false);
    if (fields.any("content") == nullptr) fields.fail("content", "is missing: the text to cut into tokens");
    if (fields.error()) return *fields.error();
    const std::vector<int> ids = model.tokenize(content, special);
    if (!pieces) return json{{"tokens", ids}};
    json out = json::array();
    for (const int id : ids) {
        const auto piece = model.detokenize(std::span(&id, 1));
        if (!piece.ok()) return api_error(piece.error());
        out.push_back({{"id", id}, {"piece", piece_json(*piece)}});
    }
    return json{{"tokens", std::move(out)}};
}

Outcome text_of(const json& body, llm::TextModel& model) {
    FieldReader fields(body);
    const json* tokens = fields.array("tokens");
    if (tokens == nullptr) fields.fail("tokens", "is missing: the token ids");
    std::vector<int> ids;
    if (!fields.error() && !read_token_ids(*tokens, ids)) fields.fail("tokens", "must hold token ids");
    if (fields.error()) return *fields.error();
    const auto text = model.detokenize(ids);
    if (!text.ok()) return api_error(text.error());
    return json{{"content", *text}};
}

Outcome prompt_of(const json& body, llm::TextModel& model) {
    json request = body;
    request["model"] = model.info().id;
    auto decoded = decode_chat_request(dump_json(request));
    if (auto* error = std::get_if<ApiError>(&decoded)) return std::move(*error);
    const auto prompt = model.render_prompt(std::get<ChatRequest>(decoded).generate);
    if (!prompt.ok()) return api_error(prompt.error());
    return json{{"prompt", *prompt}};
}

void tokenize(App& app, Request& request, ResponseWriter& writer) {
    answer(app, request, writer, tokens_of);
}
void detokenize(App& app, Request& request, ResponseWriter& writer) {
    answer(app, request, writer, text_of);
}
void apply_template(App& app, Request& request, ResponseWriter& writer) {
    answer(app, request, writer, prompt_of);
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/tokenize", Lane::kShort, BodyKind::kMemory, Scope::kRead, tokenize},
    {Method::kPost, "/detokenize", Lane::kShort, BodyKind::kMemory, Scope::kRead, detokenize},
    {Method::kPost, "/apply-template", Lane::kShort, BodyKind::kMemory, Scope::kRead, apply_template},
};

}  // namespace

std::span<const Route> token_routes() {
    return kRoutes;
}

}  // namespace hearth::web
