// Where an installed or freshly built hearth finds its own parts.
#pragma once

#include <string>

#include "core/result.h"

namespace hearth::daemon {

/// A program in the same directory as this one, or in libexec/hearth beside bin/.
Result<std::string> sibling_program(const std::string& name);

/// `configured` when set; else share/hearth/ui beside bin/, or the source tree's web/ui of a build directory.
Result<std::string> ui_directory(const std::string& configured);

}  // namespace hearth::daemon
