// POST /rerank, /v1/rerank and /v2/rerank in the shape that Cohere and Jina share. The configured cross-encoder scores,
// by the sigmoid of its logit; without one the embedding model, query and documents apart: their cosine, not below 0.
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
    std::string query;
    std::vector<std::string> documents;
    std::size_t top_n = 0;
    bool return_documents = false;
    llm::RerankModel* reranker = nullptr;  ///< null: the embedding model was asked for, or is all there is
};

void read_documents(FieldReader& fields, RerankRequest& out) {
    const json* documents = fields.array("documents");
    if (documents == nullptr || documents->empty()) return fields.fail("documents", "must be a non-empty array");
    if (documents->size() > kMaxRerankDocuments) return fields.fail("documents", "has more than 1000 texts");
    for (const json& document : *documents) {
        const json& text = document.is_object() && document.contains("text") ? document.at("text") : document;
        if (!text.is_string()) return fields.fail("documents", "must hold strings, or objects with a text");
        out.documents.push_back(text.get<std::string>());
    }
}

ApiError unknown_model(const std::string& name, const Services& services) {
    std::string known = "'" + services.embedder->id() + "'";
    if (services.reranker != nullptr) known = "'" + services.reranker->id() + "' or " + known;
    return {404,
            "there is no model '" + name + "' to rerank with; use " + known,
            "invalid_request_error",
            "model",
            "model_not_found",
            {}};
}

std::optional<ApiError> decode_rerank(const json& body, const Services& services, RerankRequest& out) {
    FieldReader fields(body);
    const std::string name = fields.text("model", 256).value_or(std::string(kAgentModel));
    const bool any = name == kAgentModel;
    if (services.reranker != nullptr && (any || name == services.reranker->id())) out.reranker = services.reranker;
    if (!fields.error() && out.reranker == nullptr && !any && name != services.embedder->id())
        return unknown_model(name, services);
    out.query = fields.text("query", kMaxQueryBytes).value_or("");
    if (out.query.empty()) fields.fail("query", "is missing");
    read_documents(fields, out);
    const auto top = fields.integer("top_n", 1, INT32_MAX).value_or(static_cast<std::int64_t>(out.documents.size()));
    out.top_n = std::min(out.documents.size(), static_cast<std::size_t>(top));
    out.return_documents = fields.boolean("return_documents").value_or(false);
    return fields.error();
}

/// One for each document, 0 .. 1.
struct Relevance {
    std::vector<float> scores;
    std::size_t tokens = 0;
};

Result<Relevance> relevance_together(const RerankRequest& wanted, std::stop_token cancel) {
    HEARTH_TRY(const auto read, wanted.reranker->score(wanted.query, wanted.documents, std::move(cancel)));
    Relevance out{{}, read.tokens};
    for (const float logit : read.logits) out.scores.push_back(llm::relevance(logit));
    return out;
}

/// Rows of an embedding are of length 1.
Result<Relevance> relevance_apart(const RerankRequest& wanted, llm::EmbeddingModel& model, std::stop_token cancel) {
    std::vector<std::string> texts = wanted.documents;
    texts.push_back(wanted.query);
    HEARTH_TRY(const auto rows, model.embed(texts, std::move(cancel)));
    Relevance out;
    const auto width = static_cast<std::size_t>(model.dimensions()),
               limit = static_cast<std::size_t>(model.max_tokens());
    const auto query = std::span(rows).last(width);
    for (std::size_t i = 0; i < wanted.documents.size(); ++i) {
        const float cosine =
            std::inner_product(query.begin(), query.end(), rows.begin() + static_cast<std::ptrdiff_t>(i * width), 0.0f);
        out.scores.push_back(std::clamp(cosine, 0.0f, 1.0f));
    }
    for (const std::string& text : texts) out.tokens += std::min(limit, model.token_spans(text).size());
    return out;
}

json results_json(const RerankRequest& wanted, std::span<const float> scores) {
    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    order.resize(wanted.top_n);
    json results = json::array();
    for (const std::size_t index : order) {
        results.push_back({{"index", index}, {"relevance_score", scores[index]}});
        if (wanted.return_documents) results.back()["document"] = {{"text", wanted.documents[index]}};
    }
    return results;
}

std::optional<ApiError> rerank_or_error(App& app, const Request& request, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) return not_ready(why);
    const auto parsed = parse_json(request.body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    const Services services = app.services();
    RerankRequest wanted;
    if (auto error = decode_rerank(*parsed, services, wanted)) return error;
    const auto found = wanted.reranker != nullptr ? relevance_together(wanted, writer.cancelled())
                                                  : relevance_apart(wanted, *services.embedder, writer.cancelled());
    if (!found.ok()) return api_error(found.error());
    const std::string& model = wanted.reranker != nullptr ? wanted.reranker->id() : services.embedder->id();
    json results = results_json(wanted, found->scores);
    const std::size_t tokens = found->tokens;
    writer.send(json_response(dump_json({{"id", "rerank-" + random_hex(12)},
                                         {"model", model},
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
