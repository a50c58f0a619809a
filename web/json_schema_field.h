// A JSON Schema that came with a request, as the text the engine takes, within limits.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "web/json_fields.h"

namespace hearth::web {

/// Empty, and an error in `fields` under `key`, for what is no object, too long or nested too deep.
std::string schema_text(FieldReader& fields, std::string_view key, const nlohmann::json& schema);

}  // namespace hearth::web
