// The conversation a client sent, sorted into what the loop needs: instructions, earlier turns, the question.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "llm/types.h"

namespace hearth::agents {

struct Conversation {
    std::string instructions;         ///< the client's system messages, joined by blank lines
    std::vector<llm::Message> turns;  ///< user and assistant messages before the question, in order
    std::string question;             ///< the last user message, blanks trimmed
    std::string search_text;          ///< the question, for a follow-up together with the question before
};

/// kInvalidArgument when there is no user message, or the last one is blank.
Result<Conversation> read_conversation(const std::vector<llm::Message>& messages);

/// Drops the oldest turns until the rest costs at most `budget_tokens` by `count`. What stays starts with a user turn.
void trim_turns(std::vector<llm::Message>& turns, int budget_tokens, const std::function<int(std::string_view)>& count);

}  // namespace hearth::agents
