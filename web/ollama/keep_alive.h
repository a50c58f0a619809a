// Ollama's keep_alive: how long a model stays loaded after a request.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "web/json_fields.h"

namespace hearth::web {

/// "5m", "1h30m", "1.5s", "-1m", "300" (seconds): Go's durations, rounded up to seconds; a negative one means for ever.
/// Nothing when it is none, or longer than a hundred years.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

/// The field of a request: a number of seconds or a duration. Fails where it is neither.
std::optional<std::chrono::seconds> read_keep_alive(FieldReader& fields);

}  // namespace hearth::web
