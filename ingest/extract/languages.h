// Programming languages: how a file of one is known, and how its definitions are.
#pragma once

#include <string_view>

namespace hearth::ingest {

enum class Scopes {
    kBraces,
    kBracesAndLines,  ///< a line's end ends a statement that may end there
    kIndents,
};

struct Language {
    std::string_view name;
    std::string_view endings;  ///< of file names, separated by blanks
    Scopes scopes;
    std::string_view comment;     ///< to the end of the line
    std::string_view containers;  ///< words that open a scope of definitions, separated by blanks
    std::string_view functions;   ///< words that open one without; languages with braces know "name(...) {" as well
};

/// By the name's ending, else by a "#!" line, else by what only that language writes. Null: not source code, or none
/// that is known. `ending` is lower-case, without the dot.
const Language* find_language(std::string_view bytes, std::string_view ending);

/// Is `word` one of `list`, which is separated by blanks?
bool has_word(std::string_view list, std::string_view word);

}  // namespace hearth::ingest
