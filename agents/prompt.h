// The words around the passages. Short on purpose: every token is read before the first word of the answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agents/evidence_gate.h"
#include "agents/history.h"
#include "llm/types.h"
#include "retrieval/types.h"

namespace hearth::agents {

/// What the answer starts with, exactly, when the gate says no.
inline constexpr std::string_view kNotFoundText = "Not found in your documents.";

/// System message (stable, so that the prefix cache keeps it), earlier turns, then one user message with the numbered
/// evidence and the question last. Evidence is message text: the engine never reads special tokens out of it.
std::vector<llm::Message> answer_messages(const Conversation& conversation, const std::vector<std::string>& evidence);

/// The `count` nearest sentences, each under its heading and the number of its passage. A small model finds the fact
/// among five sentences where it loses it in four passages. count 0: the passages as they are.
std::vector<std::string> evidence_lines(const std::vector<retrieval::Hit>& passages,
                                        const std::vector<RankedSentence>& sentences, std::size_t count);

/// The same without passages, for questions about the folder or the time that tools answer.
std::vector<llm::Message> tool_messages(const Conversation& conversation);

/// "[2] manual.html, Cleaning > Glass: …" on one line: how a passage is shown, by the loop and by the search tool.
std::string passage_line(int number, const retrieval::Hit& hit);

/// "Manual > Cleaning > Glass" -> "Glass".
std::string_view last_heading(std::string_view heading);

/// Runs of blanks as one, without a list item's bullet and a table row's outer bars.
std::string one_line(std::string_view text);

}  // namespace hearth::agents
