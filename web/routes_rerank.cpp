// POST /rerank, /v1/rerank and /v2/rerank in the shape that Cohere and Jina share. The embedding model scores: query
// and documents are embedded apart (a bi-encoder), and a score is their cosine, not below 0.
#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "web/app.h"
#include "web/chat_request.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

using nlohmann::json;

struct RerankRequest {
    std::vector<std::string> texts;  ///< the query, then the documents
    std::size_t top_n = 0;
    bool return_documents = false;
};

void read_documents(FieldReader& fields, RerankRequest& out) {
    const json* documents = fields.array("documents");
    if (documents == nullptr || documents->empty()) return fields.fail("documents", "must be a non-empty array");
    if (documents->size() > kMaxRerankDocuments) return fields.fail("documents", "has more than 1000 texts");
    for (const json& document : *documents) {
        const json& text = document.is_object() && document.contains("text") ? document.at("text") : document;
        if (!text.is_string()) return fields.fail("documents", "must hold strings, or objects with a text");
        out.texts.push_back(text.get<std::string>());
    }
}

std::optional<ApiError> decode_rerank(const json& body, const llm::EmbeddingModel& model, RerankRequest& out) {
    FieldReader fields(body);
    const std::string name = fields.text("model", 256).value_or(std::string(kAgentModel));
    if (!fields.error() && name != model.id() && name != kAgentModel) {
        return ApiError{404,
                        "there is no model '" + name + "' to rerank with; use '" + model.id() + "'",
                        "invalid_request_error",
                        "model",
                        "model_not_found",
                        {}};
    }
    out.texts.push_back(fields.text("query", kMaxQueryBytes).value_or(""));
    if (out.texts.front().empty()) fields.fail("query", "is missing");
    read_documents(fields, out);
    const std::size_t documents = out.texts.size() - 1;
    const auto top = fields.integer("top_n", 1, INT32_MAX).value_or(static_cast<std::int64_t>(documents));
    out.top_n = std::min(documents, static_cast<std::size_t>(top));
    out.return_documents = fields.boolean("return_documents").value_or(false);
    return fields.error();
}

/// Both rows are of length 1.
float cosine(std::span<const float> a, std::span<const float> b) {
    return std::clamp(std::inner_product(a.begin(), a.end(), b.begin(), 0.0f), 0.0f, 1.0f);
}

json results_json(const RerankRequest& wanted, std::span<const float> rows, std::size_t width) {
    const std::size_t documents = wanted.texts.size() - 1;
    std::vector<float> scores;
    for (std::size_t i = 1; i <= documents; ++i) {
        scores.push_back(cosine(rows.first(width), rows.subspan(i * width, width)));
    }
    std::vector<std::size_t> order(documents);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    order.resize(wanted.top_n);
    json results = json::array();
    for (const std::size_t index : order) {
        results.push_back({{"index", index}, {"relevance_score", scores[index]}});
        if (wanted.return_documents) results.back()["document"] = {{"text", wanted.texts[index + 1]}};
    }
    return results;
}

std::optional<ApiError> rerank_or_error(App& app, const Request& request, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) return not_ready(why);
    const auto parsed = parse_json(request.body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    llm::EmbeddingModel& model = *app.services().embedder;
    RerankRequest wanted;
    if (auto error = decode_rerank(*parsed, model, wanted)) return error;
    const auto rows = model.embed(wanted.texts, writer.cancelled());
    if (!rows.ok()) return api_error(rows.error());
    const auto limit = static_cast<std::size_t>(model.max_tokens());
    std::size_t tokens = 0;
    for (const std::string& text : wanted.texts) tokens += std::min(limit, model.token_spans(text).size());
    json results = results_json(wanted, *rows, static_cast<std::size_t>(model.dimensions()));
    writer.send(json_response(dump_json({{"id", "rerank-" + random_hex(12)},
                                         {"model", model.id()},
                                         {"results", std::move(results)},
                                         {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}},
                                         {"meta", {{"tokens", {{"input_tokens", tokens}}}}}})));
    return std::nullopt;
}

void rerank(App& app, Request& request, ResponseWriter& writer) {
    if (const auto error = rerank_or_error(app, request, writer)) writer.send(error_response(*error));
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/rerank", Lane::kBulk, BodyKind::kMemory, Scope::kRead, rerank},
    {Method::kPost, "/v1/rerank", Lane::kBulk, BodyKind::kMemory, Scope::kRead, rerank},
    {Method::kPost, "/v2/rerank", Lane::kBulk, BodyKind::kMemory, Scope::kRead, rerank},
};

}  // namespace

std::span<const Route> rerank_routes() {
    return kRoutes;
}

}  // namespace hearth::web
