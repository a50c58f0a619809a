// GET and POST /v1/search: hybrid search over the record.
#include <charconv>
#include <chrono>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "retrieval/query_syntax.h"
#include "web/app.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/routes.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

/// Query parameters as the same JSON object that POST takes, so that both meet the same checks.
std::optional<ApiError> object_of_query(const Request& request, json& out) {
    if (auto error = unknown_parameter(request, {"q", "k", "collection", "path", "type"})) return error;
    out = json::object();
    for (const char* key : {"q", "collection", "path", "type"}) {
        if (const auto value = request.parameter(key)) out[key] = *value;
    }
    if (const auto k = request.parameter("k")) {
        int number = 0;
        const auto parsed = std::from_chars(k->data(), k->data() + k->size(), number);
        if (parsed.ec != std::errc() || parsed.ptr != k->data() + k->size()) {
            return bad_request("'k' must be an integer from 1 to 200", "k");
        }
        out["k"] = number;
    }
    return std::nullopt;
}

std::optional<ApiError> decode_query(const json& object, retrieval::Query& out) {
    FieldReader fields(object);
    fields.only({"q", "k", "collection", "path", "type"});
    const std::string typed = fields.text("q", kMaxQueryBytes).value_or("");
    if (typed.empty()) fields.fail("q", "is missing: the words to search for");
    auto query = retrieval::parse_query(typed);
    if (query.ok()) {
        out = *std::move(query);
    } else {
        fields.fail("q", "cannot be searched for: " + query.error().message);
    }
    out.k = static_cast<int>(fields.integer("k", 1, kMaxSearchResults).value_or(10));
    out.collection = fields.text("collection", 255).value_or("");
    out.path = fields.text("path", 4096).value_or("");
    out.type = fields.text("type", 64).value_or("");
    return fields.error();
}

void answer_search(App& app, const json& object, ResponseWriter& writer) {
    retrieval::Query query;
    auto error = decode_query(object, query);
    const Services services = app.services();
    if (!error && services.corpus == nullptr) error = not_ready(app.why_not_ready());
    if (error) {
        writer.send(error_response(*error));
        return;
    }
    const auto begin = std::chrono::steady_clock::now();
    const auto hits = services.corpus->search(query);
    if (!hits.ok()) {
        writer.send(error_response(api_error(hits.error())));
        return;
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    json results = json::array();
    for (const retrieval::Hit& hit : *hits) results.push_back(to_json(hit));
    writer.send(json_response(dump_json({{"results", std::move(results)}, {"took_ms", took.count()}})));
}

void get_search(App& app, Request& request, ResponseWriter& writer) {
    json object;
    if (const auto error = object_of_query(request, object)) {
        writer.send(error_response(*error));
        return;
    }
    answer_search(app, object, writer);
}

void post_search(App& app, Request& request, ResponseWriter& writer) {
    const auto parsed = parse_json(request.body);
    if (!parsed.ok() || !parsed->is_object()) {
        writer.send(
            error_response(bad_request(parsed.ok() ? "the body must be a JSON object" : parsed.error().message)));
        return;
    }
    answer_search(app, *parsed, writer);
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/search", Lane::kShort, BodyKind::kNone, Scope::kRead, get_search},
    {Method::kPost, "/v1/search", Lane::kShort, BodyKind::kMemory, Scope::kRead, post_search},
};

}  // namespace

std::span<const Route> search_routes() {
    return kRoutes;
}

}  // namespace hearth::web
