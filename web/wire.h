// hearth's own objects as JSON: documents, hits, sources, answers. Shared by the chat, search and document routes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agents/agent.h"
#include "retrieval/corpus.h"

namespace hearth::web {

nlohmann::json to_json(const retrieval::DocumentRef& document);
nlohmann::json to_json(const retrieval::Hit& hit);
nlohmann::json to_json(const retrieval::DocumentStatus& status);
nlohmann::json to_json(const retrieval::Passage& passage);
nlohmann::json to_json(const agents::Source& source);
nlohmann::json to_json(const agents::ToolTrace& trace);
nlohmann::json sources_json(const std::vector<agents::Source>& sources);

/// The `hearth` object of an answer: found, sources, citations, tools, timings. Citation offsets count code points.
nlohmann::json answer_json(const agents::Answer& answer);

/// Opens the passage in the chat page; `base` is "http://localhost:4327".
std::string passage_url(const agents::Source& source, const std::string& base);

/// OpenAI's url_citation annotations.
nlohmann::json annotations_json(const agents::Answer& answer, const std::string& base);

/// Number of code points in the first `bytes` bytes of `text`.
std::size_t code_points(std::string_view text, std::size_t bytes);

}  // namespace hearth::web
