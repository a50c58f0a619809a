#include <chrono>
#include <mutex>

#include "retrieval/corpus_impl.h"
#include "retrieval/record_tables.h"
#include "retrieval/table_query.h"

namespace hearth::retrieval {
namespace {

constexpr std::chrono::seconds kLongestWait{5};

}  // namespace

Result<std::vector<TableInfo>> CorpusImpl::tables(const TableScope& scope) const {
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(std::vector<TableRow> rows, list_tables(*reader, scope));
    std::vector<TableInfo> out;
    for (TableRow& row : rows) out.push_back(std::move(row.info));
    return out;
}

/// One at a time: each may take as much memory as its limits allow.
Result<TableAnswer> CorpusImpl::query_tables(const std::string& sql, const TableScope& scope) const {
    const std::unique_lock lock(table_query_mutex_, kLongestWait);
    if (!lock.owns_lock()) return Error(ErrorCode::kUnavailable, "other queries over tables are running: try again");
    HEARTH_TRY(const auto reader, readers_.borrow());
    HEARTH_TRY(const std::vector<TableRow> rows, list_tables(*reader, scope));
    return retrieval::query_tables(*reader, rows, sql, ledger_);
}

}  // namespace hearth::retrieval
