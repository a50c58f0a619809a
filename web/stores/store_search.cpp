#include "web/stores/store_search.h"

#include <algorithm>

#include "web/json_fields.h"
#include "web/limits.h"
#include "web/stores/file_ids.h"

namespace hearth::web {
namespace {

using nlohmann::json;

constexpr int kMaxResults = 50;
constexpr int kMaxFilterDepth = 8;
constexpr double kBestFusion = 2.0 / 61.0;  // first in both lists: retrieval/fusion.h

json attributes_of(const retrieval::Hit& hit) {
    return {{"path", hit.document.path}, {"type", hit.document.type}, {"heading", hit.chunk.heading}};
}

bool is_known_key(const json& key) {
    return key == "path" || key == "type" || key == "heading";
}

/// Empty when the filter is well formed.
std::string why_bad(const json& filter, int depth) {
    if (!filter.is_object() || !filter.value("type", json()).is_string()) return "must be objects with a type";
    if (depth > kMaxFilterDepth) return "are nested deeper than 8 levels";
    const std::string type = filter["type"];
    if (type == "and" || type == "or") {
        const json inner = filter.value("filters", json());
        if (!inner.is_array() || inner.empty()) return "need a list of filters under '" + type + "'";
        for (const json& one : inner) {
            if (std::string why = why_bad(one, depth + 1); !why.empty()) return why;
        }
        return {};
    }
    if (!is_known_key(filter.value("key", json()))) return "can ask for the keys path, type and heading";
    const json value = filter.value("value", json());
    if (type == "eq" || type == "ne") return value.is_string() ? "" : "need a string as value";
    if (type != "in" && type != "nin") return "can be eq, ne, in, nin, and, or";
    return value.is_array() ? "" : "need a list as value for '" + type + "'";
}

bool passes(const json& filter, const json& attributes) {
    const std::string type = filter["type"];
    if (type == "and" || type == "or") {
        const auto one_passes = [&](const json& one) { return passes(one, attributes); };
        const json& inner = filter["filters"];
        return type == "and" ? std::all_of(inner.begin(), inner.end(), one_passes)
                             : std::any_of(inner.begin(), inner.end(), one_passes);
    }
    const json& own = attributes[filter["key"].get<std::string>()];
    const json& value = filter["value"];
    if (type == "eq") return own == value;
    if (type == "ne") return own != value;
    const bool among = std::find(value.begin(), value.end(), own) != value.end();
    return among == (type == "in");
}

struct Wanted {
    std::vector<std::string> queries;
    std::size_t results = 10;
    double threshold = 0;
    json filters;
};

void read_queries(FieldReader& fields, Wanted& out) {
    const json* query = fields.any("query");
    if (query == nullptr) return fields.fail("query", "is missing");
    const json list = query->is_array() ? *query : json::array({*query});
    if (list.empty() || list.size() > 8) return fields.fail("query", "must be one to eight strings");
    for (const json& item : list) {
        const bool fits = item.is_string() && !item.get_ref<const std::string&>().empty() &&
                          item.get_ref<const std::string&>().size() <= kMaxQueryBytes;
        if (!fits) return fields.fail("query", "must be strings of 1 to 8192 bytes");
        out.queries.push_back(item.get<std::string>());
    }
}

std::optional<ApiError> read_wanted(const json& body, Wanted& out) {
    FieldReader fields(body);
    read_queries(fields, out);
    out.results = static_cast<std::size_t>(fields.integer("max_num_results", 1, kMaxResults).value_or(10));
    if (const json* options = fields.object("ranking_options")) {
        FieldReader inner(*options, "ranking_options.");
        out.threshold = inner.number("score_threshold", 0, 1).value_or(0);
        if (inner.error()) return inner.error();
    }
    if (const json* filters = fields.object("filters")) {
        if (const std::string why = why_bad(*filters, 0); !why.empty()) fields.fail("filters", why);
        out.filters = *filters;
    }
    return fields.error();
}

}  // namespace

std::variant<json, ApiError> search_collection(App& app, const std::string& collection, const json& body) {
    Wanted wanted;
    if (auto error = read_wanted(body, wanted)) return *error;
    std::vector<retrieval::Hit> hits;
    for (const std::string& text : wanted.queries) {
        retrieval::Query query;
        query.text = text;
        query.k = wanted.filters.is_null() ? kMaxResults : kMaxSearchResults;
        query.collection = collection;
        auto found = app.services().corpus->search(query);
        if (!found.ok()) return api_error(found.error());
        for (retrieval::Hit& hit : *found) {
            const bool known = std::any_of(hits.begin(), hits.end(),
                                           [&](const retrieval::Hit& other) { return other.chunk.id == hit.chunk.id; });
            if (!known) hits.push_back(std::move(hit));
        }
    }
    std::stable_sort(hits.begin(), hits.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    const FileIds ids(app.store());
    json data = json::array();
    bool more = false;
    for (const retrieval::Hit& hit : hits) {
        const json attributes = attributes_of(hit);
        const double score = hit.scores.rerank.value_or(std::clamp(hit.scores.fused / kBestFusion, 0.0, 1.0));
        if (score < wanted.threshold || (!wanted.filters.is_null() && !passes(wanted.filters, attributes))) continue;
        more = data.size() == wanted.results;
        if (more) break;
        data.push_back({{"file_id", ids.id_of(hit.document.path)},
                        {"filename", hit.document.path},
                        {"score", score},
                        {"attributes", attributes},
                        {"content", json::array({{{"type", "text"}, {"text", hit.text}}})}});
    }
    return json{{"object", "vector_store.search_results.page"},
                {"search_query", wanted.queries},
                {"data", std::move(data)},
                {"has_more", more},
                {"next_page", nullptr}};
}

}  // namespace hearth::web
