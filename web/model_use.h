// Which model answers a request, by the name in it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "web/error_map.h"
#include "web/server.h"

namespace hearth::web {

/// Stays loaded while it is held.
using ModelUse = std::shared_ptr<llm::TextModel>;

/// "hearth" and the default model's own name are always known; others are those of the pool. Else a 404 that says so.
std::optional<ApiError> check_model_name(const Services& services, const std::string& name);

/// Blocks while the model is loaded. `keep`: how long it stays after this use.
std::variant<ModelUse, ApiError> use_model(const Services& services, const std::string& name,
                                           const std::stop_token& cancel,
                                           std::optional<std::chrono::seconds> keep = std::nullopt);

}  // namespace hearth::web
