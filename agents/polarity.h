// Does a statement say the opposite of the sentence it leans on? Word overlap alone can't tell "covered" from "not
// covered".
#pragma once

#include <string_view>

namespace hearth::agents {

/// True when one denies and the other does not, in the part of `sentence` (cut at commas and conjunctions) that shares
/// most words with `statement`. English only: a text without a known denial never contradicts.
bool contradicts(std::string_view statement, std::string_view sentence);

}  // namespace hearth::agents
