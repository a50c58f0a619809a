// POST /v1/completions, decoded: prompts to be continued as they are, without a template.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/chat_request.h"
#include "web/model_use.h"

namespace hearth::web {

struct CompletionRequest {
    /// What every choice shares; for each prompt its `generate.prompt_tokens` are set. Never from documents.
    ChatRequest base;
    std::vector<std::vector<int>> prompts;
    std::vector<std::string> echoes;  ///< with `echo`: what each choice's text begins with; else empty strings
};

/// The model of a name, whose tokenizer reads the prompts.
using ModelOf = std::function<std::variant<ModelUse, ApiError>(const std::string& name)>;

/// Never throws. `body` is untrusted. `prompt` is a string, strings, token ids or arrays of those; no special token is
/// read out of a string. suffix, best_of other than n, and echo with logprobs are refused.
std::variant<CompletionRequest, ApiError> decode_completion_request(std::string_view body, const ModelOf& model_of);

}  // namespace hearth::web
