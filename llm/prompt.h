// A request's messages and tools as prompt tokens, by the model's chat template.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "llm/job.h"
#include "llm/model_loader.h"
#include "llm/types.h"

namespace hearth::llm {

/// Tools the model is told about: none with ToolChoice::kNone.
std::vector<ToolDefinition> offered_tools(const GenerateRequest& request);

/// kInvalidArgument for an id outside the vocabulary.
Status check_token_ids(const Tokenizer& tokenizer, std::span<const int> ids);

/// What build_prompt() turns into tokens, as text.
Result<std::string> prompt_text(const LoadedModel& model, const GenerateRequest& request);

/// prompt_tokens, or the template, left inside a thought or behind a closed one where the model can think; then
/// assistant_prefix, as tokens. A template that knows no tools gets them described in the system message, and past
/// calls and results as text. kInvalidArgument for what the template refuses.
Result<Prompt> build_prompt(const LoadedModel& model, const GenerateRequest& request);

}  // namespace hearth::llm
