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
    std::string search_text;          ///< for retrieval: the question, a follow-up together with the question before;
                                      ///< cut at a word to what a search takes
    std::string gate_text;            ///< for the gate: the question, a follow-up with the topic it points back to
};

/// kInvalidArgument when there is no user message, or the last one is blank. English only: a question is a follow-up
/// when a pronoun stands in for what was said before, or when it is no whole question ("And in Norway?").
Result<Conversation> read_conversation(const std::vector<llm::Message>& messages);

/// Drops the oldest turns until the rest costs at most `budget_tokens` by `count`; returns how many. What stays starts
/// with a user turn.
int trim_turns(std::vector<llm::Message>& turns, int budget_tokens, const std::function<int(std::string_view)>& count);

/// "How heavy is the Ember 9?" -> "Ember 9": names, and what stands behind an article. May be empty.
std::string topic_of(std::string_view question);

}  // namespace hearth::agents
