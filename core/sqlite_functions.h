// The SQL functions of a sandbox that SQLite does not have, or has with another meaning.
#pragma once

#include "core/result.h"

struct sqlite3;

namespace hearth {

/// sum, total, avg (also over windows) and number: see SqlSandbox.
Status register_number_functions(sqlite3* database);

}  // namespace hearth
