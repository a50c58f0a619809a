// The models that can chat, as the routes describe them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "web/server.h"

namespace hearth::web {

/// The default one first; services.model is there.
std::vector<llm::PooledModel> chat_models(const Services& services);

/// {"state","default","in_use","file_bytes","memory_bytes","context_tokens","expires_at","problem"}; null where not
/// known, or not so.
nlohmann::json model_state_json(const llm::PooledModel& model);

/// "2026-10-01T12:00:00Z".
std::string rfc3339(std::chrono::system_clock::time_point time);

}  // namespace hearth::web
