// POST /v1/messages and /v1/messages/count_tokens, decoded into the chat request that every dialect shares.
#pragma once

#include <string_view>
#include <variant>

#include "web/chat_request.h"

namespace hearth::web {

/// Never throws. `body` is untrusted. Only the model "hearth" answers from documents, and only without tools and
/// output format. A last assistant message is the beginning of the answer. Unknown fields are ignored.
std::variant<ChatRequest, ApiError> decode_anthropic_request(std::string_view body, bool needs_max_tokens);

}  // namespace hearth::web
