// POST /v1/vector_stores/{id}/search: hybrid search in one collection in the shape of OpenAI's.
#pragma once

#include <string>
#include <variant>

#include <nlohmann/json.hpp>

#include "web/app.h"

namespace hearth::web {

/// `body`: query, max_num_results 1 .. 50, filters over "path", "type" and "heading", ranking_options.score_threshold.
/// A result's score is its share of the best rank fusion possible, 0 .. 1.
std::variant<nlohmann::json, ApiError> search_collection(App& app, const std::string& collection,
                                                         const nlohmann::json& body);

}  // namespace hearth::web
