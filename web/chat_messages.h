// The `messages` array of a chat request: roles, content parts, tool calls and tool results, normalised.
#pragma once

#include <optional>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "llm/types.h"
#include "web/error_map.h"

namespace hearth::web {

/// `body` is a JSON object. Content parts are joined, `developer` becomes system, a tool message gets the name of the
/// call it answers. Empty = success.
std::optional<ApiError> decode_messages(const nlohmann::json& body, std::vector<llm::Message>& out);

}  // namespace hearth::web
