// /api/tags, /api/show, /api/ps, /api/version, /api/embed and /api/embeddings. Nothing here pulls, makes or removes.
#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/app.h"
#include "web/chat_request.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/model_json.h"
#include "web/ollama/request.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

using nlohmann::json;

/// Clients parse a time; the files' own is not known here.
constexpr const char* kModifiedAt = "1970-01-01T00:00:00Z";
constexpr const char* kStaysLoaded = "9999-12-31T23:59:59Z";

struct ModelEntry {
    std::string name;
    std::string family;
    std::string format;
    std::string digest;
    std::uint64_t bytes = 0;
    int context_tokens = 0;  ///< 0 while not loaded
    bool embeds = false;
    bool loaded = true;
    std::optional<std::chrono::system_clock::time_point> expires_at = {};
};

std::vector<ModelEntry> models_of(const Services& services) {
    std::vector<ModelEntry> out;
    for (const llm::PooledModel& model : chat_models(services)) {
        ModelEntry entry{.name = model.id, .format = "gguf", .bytes = model.file_bytes, .expires_at = model.expires_at};
        entry.loaded = model.state == llm::ModelState::kLoaded;
        if (model.info) {
            entry.family = model.info->architecture;
            entry.digest = model.info->file_sha256;
            entry.context_tokens = model.info->context_tokens;
        }
        if (model.pinned) {
            out.push_back(entry);
            out.back().name = std::string(kAgentModel);
        }
        out.push_back(std::move(entry));
    }
    const llm::EmbeddingModel& embedder = *services.embedder;
    out.push_back({embedder.id(), "bert", "safetensors", "", 0, embedder.max_tokens(), true});
    return out;
}

json details_json(const ModelEntry& model) {
    return {{"parent_model", ""},     {"format", model.format},
            {"family", model.family}, {"families", json::array({model.family})},
            {"parameter_size", ""},   {"quantization_level", ""}};
}

json entry_json(const ModelEntry& model) {
    return {{"name", model.name},
            {"model", model.name},
            {"size", model.bytes},
            {"digest", model.digest},
            {"details", details_json(model)}};
}

/// The services, or nothing after a 503 was sent.
std::optional<Services> services_or_fail(const App& app, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) {
        writer.send(error_response(not_ready(why)));
        return std::nullopt;
    }
    return app.services();
}

void tags(App& app, Request&, ResponseWriter& writer) {
    const auto services = services_or_fail(app, writer);
    if (!services) return;
    json models = json::array();
    for (const ModelEntry& model : models_of(*services)) {
        models.push_back(entry_json(model));
        models.back()["modified_at"] = kModifiedAt;
    }
    writer.send(json_response(dump_json({{"models", std::move(models)}})));
}

void ps(App& app, Request&, ResponseWriter& writer) {
    const auto services = services_or_fail(app, writer);
    if (!services) return;
    json models = json::array();
    for (const ModelEntry& model : models_of(*services)) {
        if (!model.loaded) continue;
        models.push_back(entry_json(model));
        models.back()["expires_at"] = model.expires_at ? rfc3339(*model.expires_at) : kStaysLoaded;
        models.back()["size_vram"] = 0;
        models.back()["context_length"] = model.context_tokens;
    }
    writer.send(json_response(dump_json({{"models", std::move(models)}})));
}

ApiError no_model(const std::string& name) {
    return {404,
            "model '" + name + "' not found; /api/tags lists what there is",
            "invalid_request_error",
            "model",
            "model_not_found",
            {}};
}

void show(App& app, Request& request, ResponseWriter& writer) {
    const auto services = services_or_fail(app, writer);
    if (!services) return;
    const auto parsed = parse_json(request.body);
    if (!parsed.ok() || !parsed->is_object()) {
        const std::string why = parsed.ok() ? "the body must be a JSON object" : parsed.error().message;
        writer.send(error_response(bad_request(why)));
        return;
    }
    FieldReader fields(*parsed);
    const std::string given = fields.text("model", 256).value_or(fields.text("name", 256).value_or(""));
    const std::string name(ollama_model_name(given));
    for (const ModelEntry& model : models_of(*services)) {
        if (model.name != name) continue;
        const json abilities = model.embeds ? json::array({"embedding"}) : json::array({"completion", "tools"});
        json info = json::object();
        if (!model.family.empty()) {  // else it is not loaded
            info = {{"general.architecture", model.family}, {model.family + ".context_length", model.context_tokens}};
        }
        writer.send(json_response(dump_json({{"modelfile", ""},
                                             {"parameters", ""},
                                             {"template", ""},
                                             {"modified_at", kModifiedAt},
                                             {"details", details_json(model)},
                                             {"model_info", info},
                                             {"capabilities", abilities}})));
        return;
    }
    writer.send(error_response(no_model(name)));
}

void version(App& app, Request&, ResponseWriter& writer) {
    writer.send(json_response(dump_json({{"version", app.options().version}})));
}

struct EmbedRequest {
    std::vector<std::string> inputs;
    bool truncate = true;
};

std::optional<ApiError> decode_embed(const json& body, const char* key, const llm::EmbeddingModel& model,
                                     EmbedRequest& out) {
    FieldReader fields(body);
    const std::string name(ollama_model_name(fields.text("model", 256).value_or("")));
    if (!fields.error() && name != model.id() && name != kAgentModel) return no_model(name);
    out.truncate = fields.boolean("truncate").value_or(true);
    const auto dimensions = fields.integer("dimensions", 1, 65536);
    if (dimensions && *dimensions != model.dimensions()) {
        fields.fail("dimensions", "can only be " + std::to_string(model.dimensions()));
    }
    const json* input = fields.any(key);
    const json list = input == nullptr ? json::array() : input->is_array() ? *input : json::array({*input});
    if (list.size() > kMaxEmbeddingInputs) fields.fail(key, "has more than 2048 texts");
    for (const json& text : list) {
        if (!text.is_string()) {
            fields.fail(key, "must be a string or an array of strings");
            break;
        }
        out.inputs.push_back(text.get<std::string>());
    }
    return fields.error();
}

/// The rows of the inputs and their tokens; an input that the model would cut is an error unless it may be cut.
std::optional<ApiError> embed_inputs(App& app, Request& request, const char* key, const std::stop_token& cancel,
                                     std::vector<std::vector<float>>& rows, std::size_t& tokens) {
    if (const std::string why = app.why_not_ready(); !why.empty()) return not_ready(why);
    const auto parsed = parse_json(request.body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    llm::EmbeddingModel& model = *app.services().embedder;
    EmbedRequest wanted;
    if (auto error = decode_embed(*parsed, key, model, wanted)) return error;
    const auto limit = static_cast<std::size_t>(model.max_tokens() - 2);  // [CLS] and [SEP] take a place each
    for (const std::string& input : wanted.inputs) {
        const std::size_t length = model.token_spans(input).size();
        if (length > limit && !wanted.truncate) {
            return bad_request("an input has " + std::to_string(length) + " tokens; at most " + std::to_string(limit) +
                                   " are possible without truncate",
                               key);
        }
        tokens += std::min(length, limit);
    }
    if (wanted.inputs.empty()) return std::nullopt;
    const auto all = model.embed(wanted.inputs, cancel);
    if (!all.ok()) return api_error(all.error());
    const auto width = static_cast<std::size_t>(model.dimensions());
    for (std::size_t at = 0; at < all->size(); at += width) {
        rows.emplace_back(all->begin() + static_cast<std::ptrdiff_t>(at),
                          all->begin() + static_cast<std::ptrdiff_t>(at + width));
    }
    return std::nullopt;
}

void embed(App& app, Request& request, ResponseWriter& writer) {
    std::vector<std::vector<float>> rows;
    std::size_t tokens = 0;
    if (const auto error = embed_inputs(app, request, "input", writer.cancelled(), rows, tokens)) {
        writer.send(error_response(*error));
        return;
    }
    writer.send(json_response(dump_json({{"model", app.services().embedder->id()},
                                         {"embeddings", rows},
                                         {"load_duration", 0},
                                         {"prompt_eval_count", tokens}})));
}

void embeddings(App& app, Request& request, ResponseWriter& writer) {
    std::vector<std::vector<float>> rows;
    std::size_t tokens = 0;
    if (const auto error = embed_inputs(app, request, "prompt", writer.cancelled(), rows, tokens)) {
        writer.send(error_response(*error));
        return;
    }
    writer.send(json_response(dump_json({{"embedding", rows.empty() ? std::vector<float>() : rows.front()}})));
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/api/tags", Lane::kShort, BodyKind::kNone, Scope::kRead, tags},
    {Method::kGet, "/api/ps", Lane::kShort, BodyKind::kNone, Scope::kRead, ps},
    {Method::kPost, "/api/show", Lane::kShort, BodyKind::kMemory, Scope::kRead, show},
    {Method::kGet, "/api/version", Lane::kInline, BodyKind::kNone, Scope::kRead, version},
    {Method::kPost, "/api/embed", Lane::kBulk, BodyKind::kMemory, Scope::kRead, embed},
    {Method::kPost, "/api/embeddings", Lane::kBulk, BodyKind::kMemory, Scope::kRead, embeddings},
};

}  // namespace

std::span<const Route> ollama_model_routes() {
    return kRoutes;
}

}  // namespace hearth::web
