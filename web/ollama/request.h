// POST /api/chat and /api/generate, decoded into the chat request that every dialect shares.
#pragma once

#include <string_view>
#include <variant>

#include "web/chat_request.h"

namespace hearth::web {

/// The name without the ":latest" that Ollama's clients append.
std::string_view ollama_model_name(std::string_view name) noexcept;

/// Never throws. `body` is untrusted. Streaming is the default. Only the model "hearth" answers from documents, and
/// only without tools and format. No messages at all are a request to load or unload the model (`messages` is empty).
std::variant<ChatRequest, ApiError> decode_ollama_chat(std::string_view body);

/// `prompt` as the only user message; raw=true sends it without the template: ChatRequest::raw_prompt.
/// suffix, images and template are refused.
std::variant<ChatRequest, ApiError> decode_ollama_generate(std::string_view body);

}  // namespace hearth::web
