// The directory that holds everything hearth keeps: where it is looked for, and that one process at a time owns it.
#pragma once

#include <string>

#include "core/file.h"
#include "core/result.h"

namespace hearth::daemon {

/// For commands without --home: $HEARTH_HOME, else the first that exists of ./.hearth and /var/lib/hearth, else
/// .hearth.
std::string default_home();

/// Held as long as the descriptor. kUnavailable when another process has it.
Result<UniqueFd> lock_home(const std::string& home);

}  // namespace hearth::daemon
