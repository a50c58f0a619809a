// Log-probabilities of tokens out of raw logits, for callers who ask for them.
#pragma once

#include <span>
#include <string>

#include "llm/tokenizer.h"
#include "llm/types.h"

namespace hearth::llm {

/// A token's bytes, or the spelling of a control token.
std::string token_spelling(const Tokenizer& tokenizer, int id);

/// `logits` [vocabulary] as the model gave them. `top` alternatives, the most probable first, ties by the lower id.
TokenScore score_token(std::span<const float> logits, int token, int top, const Tokenizer& tokenizer);

}  // namespace hearth::llm
