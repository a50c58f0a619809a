// The tables of the documents as rows of the record. A document's tables are written and removed in the transaction
// that writes and removes its text: they are there when it is, and never half.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/packed_table.h"
#include "core/result.h"
#include "core/sqlite.h"
#include "retrieval/types.h"

namespace hearth::retrieval {

struct TableRow {
    std::int64_t version = 0;
    std::int64_t ordinal = 0;  ///< from 0, in the order of the document
    std::size_t bytes = 0;     ///< of its packed rows
    TableInfo info;
};

/// In order of path and place. Any connection.
Result<std::vector<TableRow>> list_tables(Database& database, const TableScope& scope);
/// The packed rows (core/packed_table.h), whole: kDataLoss when they are not what was stored.
Result<std::string> read_table_rows(Database& database, const TableRow& table);

// Inside a transaction of the writer. They go with their version: ON DELETE CASCADE.
Status insert_tables(Database& database, std::int64_t version, const std::string& path,
                     std::span<const PackedTable> tables);
/// The file has another name now, so its tables have.
Status rename_tables(Database& database, std::int64_t version, const std::string& old_path,
                     const std::string& new_path);

}  // namespace hearth::retrieval
