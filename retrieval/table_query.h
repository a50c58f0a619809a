// SQL over tables of the record: the tables that a statement names are copied into memory, and the statement runs
// there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "core/sqlite.h"
#include "retrieval/record_tables.h"
#include "retrieval/types.h"

namespace hearth::retrieval {

/// Packed rows of all tables that one statement reads.
constexpr std::size_t kMaxLoadedBytes = 64u << 20;

/// `tables` are those it may read. Takes a lease of `ledger`, when there is one, for their copies and for what sorting
/// and grouping all of their rows may need; the statement is stopped where it needs more. Errors as SqlSandbox's
/// (core/sqlite_guard.h); what is not there comes with what is.
Result<TableAnswer> query_tables(Database& database, const std::vector<TableRow>& tables, std::string_view sql,
                                 MemoryLedger* ledger);

}  // namespace hearth::retrieval
