// Where the definitions of a source file begin and end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/extract/languages.h"
#include "ingest/sink.h"

namespace hearth::ingest {

struct Definition {
    TextSpan head;  ///< whole lines: the comment above, decorators, the signature
    std::size_t end = 0;
    int level = 1;     ///< 1 .. 6: how many definitions it lies in, itself included
    std::string name;  ///< its signature's first words
};

/// In the order in which they begin; inner ones after the outer one and within it. Nothing inside a function of a
/// language with braces.
std::vector<Definition> find_definitions(std::string_view text, const Language& language);

}  // namespace hearth::ingest
