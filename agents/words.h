// Words as the evidence gate and the citations compare them: folded, lightly stemmed, with their place in the text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "retrieval/types.h"

namespace hearth::agents {

struct Word {
    std::string stem;      ///< lower case, common English endings stripped; numbers without group separators
    retrieval::Span span;  ///< bytes of the text it came from
    bool content = false;  ///< carries meaning: not a function or question word
    bool number = false;   ///< has a digit, or is "two" .. "twelve" (the stem is then in digits)
    bool name = false;     ///< starts with a capital and does not open a sentence
};

/// Words in text order. Any script: ASCII, Latin-1, Greek and Cyrillic letters are folded, a CJK character is a word.
std::vector<Word> words_of(std::string_view text);

/// The stems of the content words, each once, in order of first use.
std::vector<std::string> content_stems(std::string_view text);

/// Says nothing that the heading path, given by its content stems, does not say; a number before it aside ("4.
/// Claims").
bool repeats_heading(std::string_view sentence, const std::vector<std::string>& heading_stems);

}  // namespace hearth::agents
