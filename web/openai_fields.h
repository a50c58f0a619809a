// What OpenAI's chat and legacy completions have in common.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "web/chat_request.h"
#include "web/json_fields.h"

namespace hearth::web {

/// model, stream, stream_options, n, sampling, length and stop.
void read_shared_fields(FieldReader& fields, ChatRequest& out);

/// False when `list` is no array of non-negative integers that fit.
bool read_token_ids(const nlohmann::json& list, std::vector<int>& out);

}  // namespace hearth::web
