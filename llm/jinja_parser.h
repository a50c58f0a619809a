// Tokens to tree.
#pragma once

#include <string_view>

#include "llm/jinja_ast.h"

namespace hearth::llm::jinja {

/// Throws Failure naming the line. Expressions and blocks nest at most 64 deep.
Body parse(std::string_view source);

}  // namespace hearth::llm::jinja
