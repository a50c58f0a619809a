// The words around the passages. Short on purpose: every token is read before the first word of the answer.
#pragma once

#include <string>
#include <vector>

#include "agents/history.h"
#include "llm/types.h"
#include "retrieval/types.h"

namespace hearth::agents {

/// What the answer starts with, exactly, when the gate says no.
inline constexpr std::string_view kNotFoundText = "Not found in your documents.";

/// System message (stable, so that the prefix cache keeps it), earlier turns, then one user message with the numbered
/// passages and the question last. Passages are message text: the engine never reads special tokens out of it.
std::vector<llm::Message> answer_messages(const Conversation& conversation,
                                          const std::vector<retrieval::Hit>& passages);

/// The same without passages, for questions about the folder or the time that tools answer.
std::vector<llm::Message> tool_messages(const Conversation& conversation);

/// "[2] manual.html, Cleaning > Glass: …" on one line: how a passage is shown, by the loop and by the search tool.
std::string passage_line(int number, const retrieval::Hit& hit);

}  // namespace hearth::agents
