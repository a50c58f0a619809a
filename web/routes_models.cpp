// GET /v1/models, GET /v1/models/{id}, POST /v1/models/{id}/load and /unload, POST /v1/embeddings.
#include <bit>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/app.h"
#include "web/base64.h"
#include "web/chat_request.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/model_json.h"
#include "web/model_use.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "embeddings travel as little-endian float32");

json model_json(const std::string& id, std::int64_t created) {
    return {{"id", id}, {"object", "model"}, {"created", created}, {"owned_by", "hearth"}};
}

/// What can chat. The embedding model answers on /v1/embeddings only and is in nobody's model picker.
json models_json(const App& app) {
    json out = json::array({model_json(std::string(kAgentModel), app.started_at())});
    for (const llm::PooledModel& model : chat_models(app.services())) {
        out.push_back(model_json(model.id, app.started_at()));
        out.back()["hearth"] = model_state_json(model);
    }
    return out;
}

ApiError no_model(const std::string& wanted) {
    return {404, "there is no model '" + wanted + "'", "invalid_request_error", "model", "model_not_found", {}};
}

void list_models(App& app, Request&, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) {
        writer.send(error_response(not_ready(why)));
        return;
    }
    json out{{"object", "list"}, {"data", models_json(app)}};
    if (const llm::ModelPool* models = app.services().models; models != nullptr) {
        out["hearth"]["adapters"] = models->adapters();
    }
    writer.send(json_response(dump_json(out)));
}

void get_model(App& app, Request& request, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) {
        writer.send(error_response(not_ready(why)));
        return;
    }
    const std::string& wanted = request.captures.at(0);
    for (const json& model : models_json(app)) {
        if (model["id"] != wanted) continue;
        writer.send(json_response(dump_json(model)));
        return;
    }
    writer.send(error_response(no_model(wanted)));
}

void load_model(App& app, Request& request, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) {
        writer.send(error_response(not_ready(why)));
        return;
    }
    const std::string& wanted = request.captures.at(0);
    if (wanted.find(':') != std::string::npos) {  // an adapter is loaded with the first request
        writer.send(error_response(no_model(wanted)));
        return;
    }
    const auto used = use_model(app.services(), wanted, writer.cancelled());
    if (const auto* error = std::get_if<ApiError>(&used)) {
        writer.send(error_response(*error));
        return;
    }
    get_model(app, request, writer);
}

void unload_model(App& app, Request& request, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) {
        writer.send(error_response(not_ready(why)));
        return;
    }
    const Services services = app.services();
    const std::string& wanted = request.captures.at(0);
    std::optional<ApiError> error;
    if (wanted == kAgentModel || wanted == services.model->info().id) {
        error = bad_request("'" + wanted + "' answers by default: it stays loaded", "model");
    } else if (services.models == nullptr) {
        error = no_model(wanted);
    } else if (const Status unloaded = services.models->unload(wanted); !unloaded.ok()) {
        error = api_error(unloaded.error());
    }
    if (error) {
        writer.send(error_response(*error));
        return;
    }
    get_model(app, request, writer);
}

struct EmbeddingsRequest {
    std::string model;
    std::vector<std::string> inputs;
    int dimensions = 0;  ///< 0 = the model's own
    bool base64 = false;
};

void read_inputs(FieldReader& fields, std::vector<std::string>& inputs) {
    const json* input = fields.any("input");
    if (input == nullptr) return fields.fail("input", "is missing");
    const json list = input->is_array() ? *input : json::array({*input});
    if (list.empty()) return fields.fail("input", "is empty");
    if (list.size() > kMaxEmbeddingInputs) return fields.fail("input", "has more than 2048 texts");
    for (const json& item : list) {
        if (item.is_number() || item.is_array()) {
            return fields.fail("input", "holds token ids; send the text instead: this model has its own tokenizer");
        }
        if (!item.is_string()) return fields.fail("input", "must be a string or an array of strings");
        if (item.get_ref<const std::string&>().empty()) return fields.fail("input", "has an empty text");
        inputs.push_back(item.get<std::string>());
    }
}

std::optional<ApiError> decode_embeddings(const std::string& body, EmbeddingsRequest& out) {
    auto parsed = parse_json(body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    FieldReader fields(*parsed);
    out.model = fields.text("model", 256).value_or("");
    read_inputs(fields, out.inputs);
    out.dimensions = static_cast<int>(fields.integer("dimensions", 1, 65536).value_or(0));
    const std::string format = fields.text("encoding_format", 16).value_or("float");
    if (format != "float" && format != "base64") fields.fail("encoding_format", "must be 'float' or 'base64'");
    out.base64 = format == "base64";
    return fields.error();
}

json vector_json(std::span<const float> row, bool base64) {
    if (!base64) return std::vector<float>(row.begin(), row.end());
    return base64_encode(std::as_bytes(row));
}

/// Adds up the inputs' tokens; an input that the model would cut is refused instead.
std::optional<ApiError> count_tokens(const std::vector<std::string>& inputs, const llm::EmbeddingModel& model,
                                     std::size_t& tokens) {
    const auto limit = static_cast<std::size_t>(model.max_tokens() - 2);  // [CLS] and [SEP] take a place each
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::size_t length = model.token_spans(inputs[i]).size();
        if (length > limit) {
            return bad_request("input " + std::to_string(i) + " has " + std::to_string(length) + " tokens; '" +
                                   model.id() + "' takes at most " + std::to_string(limit) + ": split the text",
                               "input");
        }
        tokens += length;
    }
    return std::nullopt;
}

void embeddings(App& app, Request& request, ResponseWriter& writer) {
    EmbeddingsRequest wanted;
    auto error = decode_embeddings(request.body, wanted);
    if (!error) {
        if (const std::string why = app.why_not_ready(); !why.empty()) error = not_ready(why);
    }
    llm::EmbeddingModel* model = app.services().embedder;
    if (!error && wanted.model != model->id() && wanted.model != kAgentModel) {
        error = ApiError{404,
                         "there is no embedding model '" + wanted.model + "'; use '" + model->id() + "'",
                         "invalid_request_error",
                         "model",
                         "model_not_found",
                         {}};
    }
    if (!error && wanted.dimensions != 0 && wanted.dimensions != model->dimensions()) {
        error = bad_request("'dimensions' can only be " + std::to_string(model->dimensions()) + ": '" + model->id() +
                                "' was not trained to be cut",
                            "dimensions");
    }
    std::size_t tokens = 0;
    if (!error) error = count_tokens(wanted.inputs, *model, tokens);
    if (error) {
        writer.send(error_response(*error));
        return;
    }
    const auto rows = model->embed(wanted.inputs, writer.cancelled());
    if (!rows.ok()) {
        writer.send(error_response(api_error(rows.error())));
        return;
    }
    const auto width = static_cast<std::size_t>(model->dimensions());
    json data = json::array();
    for (std::size_t i = 0; i < wanted.inputs.size(); ++i) {
        const std::span<const float> row = std::span(*rows).subspan(i * width, width);
        data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", vector_json(row, wanted.base64)}});
    }
    writer.send(json_response(dump_json({{"object", "list"},
                                         {"data", std::move(data)},
                                         {"model", model->id()},
                                         {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}})));
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/models", Lane::kShort, BodyKind::kNone, Scope::kRead, list_models},
    {Method::kGet, "/v1/models/{}", Lane::kShort, BodyKind::kNone, Scope::kRead, get_model},
    {Method::kPost, "/v1/models/{}/load", Lane::kBulk, BodyKind::kNone, Scope::kAdmin, load_model},
    {Method::kPost, "/v1/models/{}/unload", Lane::kBulk, BodyKind::kNone, Scope::kAdmin, unload_model},
    {Method::kPost, "/v1/embeddings", Lane::kBulk, BodyKind::kMemory, Scope::kRead, embeddings},
};

}  // namespace

std::span<const Route> model_routes() {
    return kRoutes;
}

}  // namespace hearth::web
