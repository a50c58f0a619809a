// A table as the record keeps it to be queried: every cell, and what kind of values each column holds.
#pragma once

#include <optional>

#include "core/packed_table.h"
#include "ingest/extract/table.h"

namespace hearth::ingest {

/// `rows` of the table are packed, from the first on; fewer than table.rows() when the last adds up the others. A table
/// beyond the limits of core/packed_table.h is marked too large and has no rows: some of them would give wrong sums.
PackedTable pack_table(const Table& table, std::size_t rows, std::optional<int> page);

}  // namespace hearth::ingest
