// Sentences, list items and table rows of a passage: the pieces that carry evidence and are quoted.
#pragma once

#include <string_view>
#include <vector>

#include "retrieval/types.h"

namespace hearth::agents {

/// Non-empty pieces in text order, without blanks at both ends. Spans are bytes of `text`, on code point borders.
/// A full stop inside a number, after an initial or before a small letter does not end a sentence.
std::vector<retrieval::Span> sentences_of(std::string_view text);

/// True when the '.', '!' or '?' at `at` ends a sentence, given what follows it (at the end of `text`: true).
bool ends_sentence(std::string_view text, std::size_t at);

}  // namespace hearth::agents
