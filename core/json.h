// JSON from outside, with limits. nlohmann/json is the vocabulary type; it never throws past here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/result.h"

namespace hearth {

struct JsonLimits {
    std::size_t bytes = 16u << 20;
    int depth = 64;  ///< nested arrays and objects
};

/// Strict RFC 8259 (no comments, no NaN, valid UTF-8). Errors name line, column (in bytes) and what is wrong there.
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Compact text. Bytes that are not UTF-8 become U+FFFD: replies must always be valid JSON.
std::string dump_json(const nlohmann::json& value, int indent = -1);

}  // namespace hearth
