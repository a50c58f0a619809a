#include "retrieval/table_query.h"

#include <algorithm>
#include <set>

#include "core/decimal.h"
#include "core/packed_table.h"
#include "core/sqlite_guard.h"

namespace hearth::retrieval {
namespace {

constexpr std::size_t kNamesTold = 40;
/// Packed rows, and the table made of them, which is a little larger; as much again to sort all of it.
constexpr std::size_t kCopies = 3;
constexpr std::size_t kWorkingBytes = 32u << 20;

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// Everything in the statement that could be a table's name, in lower case.
std::set<std::string> words_of_sql(std::string_view sql) {
    std::set<std::string> words;
    std::string word;
    for (std::size_t i = 0; i <= sql.size(); ++i) {
        const char c = i == sql.size() ? ' ' : sql[i];
        const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (is_name_byte(lower)) {
            word += lower;
        } else if (!word.empty()) {
            words.insert(std::move(word));
            word.clear();
        }
    }
    return words;
}

/// Declared so that a comparison with a literal converts it to what the column holds.
std::string create_statement(const TableInfo& table, bool fill) {
    std::string sql = fill ? "INSERT INTO \"" + table.name + "\" VALUES (" : "CREATE TABLE \"" + table.name + "\" (";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) sql += ", ";
        const ColumnInfo& column = table.columns[i];
        const bool number = column.type == CellType::kNumber || column.type == CellType::kBoolean;
        sql += fill ? "?" : "\"" + column.name + "\"" + (number ? " NUMERIC" : " TEXT");
    }
    return sql + ")";
}

void bind_cell(Statement& row, int place, std::string_view cell, CellType type) {
    if (cell.empty()) return;  // NULL
    if (type == CellType::kBoolean) {
        row.bind(place, std::int64_t{cell.front() == 't' || cell.front() == 'T'});
        return;
    }
    const auto number = type == CellType::kNumber ? read_number(cell) : std::nullopt;
    if (!number)
        row.bind(place, cell);
    else if (number->whole)
        row.bind(place, number->integer);
    else
        row.bind(place, number->real);
}

Status load(Database& into, const TableInfo& table, std::string_view rows) {
    HEARTH_TRY_STATUS(into.execute("BEGIN"));
    HEARTH_TRY(Statement row, into.prepare(create_statement(table, true)));
    PackedReader reader(rows, table.columns.size());
    std::vector<std::string_view> cells;
    while (!reader.at_end()) {
        HEARTH_TRY_STATUS(reader.next(cells));
        for (std::size_t i = 0; i < cells.size(); ++i)
            bind_cell(row, static_cast<int>(i) + 1, cells[i], table.columns[i].type);
        HEARTH_TRY_STATUS(row.run());
    }
    return into.execute("COMMIT");
}

/// "; the tables are: a, b, …"
std::string tables_told(const std::vector<TableRow>& tables) {
    if (tables.empty()) return "; there are no tables here";
    std::string text = "; the tables are: ";
    for (std::size_t i = 0; i < std::min(tables.size(), kNamesTold); ++i)
        text += (i > 0 ? ", " : "") + tables[i].info.name;
    return tables.size() <= kNamesTold ? text : text + " and " + std::to_string(tables.size() - kNamesTold) + " more";
}

std::string columns_told(const std::vector<const TableRow*>& named) {
    std::string text;
    for (const TableRow* table : named) {
        text += "; the columns of " + table->info.name + " are: ";
        const auto& columns = table->info.columns;
        for (std::size_t i = 0; i < std::min(columns.size(), kNamesTold); ++i)
            text += (i > 0 ? ", " : "") + columns[i].name;
        if (columns.size() > kNamesTold) text += " and " + std::to_string(columns.size() - kNamesTold) + " more";
    }
    return text;
}

/// With the names that would have been right.
Error with_names(Error error, const std::vector<TableRow>& tables, const std::vector<const TableRow*>& named) {
    const std::string_view message = error.message;
    if (message.starts_with("no such table"))
        error.message += tables_told(tables);
    else if (message.starts_with("no such column") || message.starts_with("ambiguous column"))
        error.message += columns_told(named);
    else if (message.starts_with("no such function: year") || message.starts_with("no such function: month"))
        error.message += "; write strftime('%Y', column) or strftime('%m', column)";
    return error;
}

/// Of the packed rows; too much is refused before any of it is read.
Result<std::size_t> bytes_of(const std::vector<const TableRow*>& tables) {
    std::size_t bytes = 0;
    for (const TableRow* table : tables) {
        if (table->info.too_large)
            return Error(ErrorCode::kResourceExhausted,
                         "the table " + table->info.name + " (" + std::to_string(table->info.rows) +
                             " rows) is too large to be queried: split the file " + table->info.document.path);
        bytes += table->bytes;
    }
    if (bytes <= kMaxLoadedBytes) return bytes;
    return Error(ErrorCode::kResourceExhausted, "the tables of this statement hold more than " +
                                                    std::to_string(kMaxLoadedBytes >> 20) +
                                                    " MiB together: read fewer of them in one statement");
}

}  // namespace

Result<TableAnswer> query_tables(Database& database, const std::vector<TableRow>& tables, std::string_view sql,
                                 MemoryLedger* ledger) {
    HEARTH_TRY(SqlSandbox box, SqlSandbox::create());
    const std::set<std::string> words = words_of_sql(sql.substr(0, kMaxSqlBytes));
    std::vector<const TableRow*> named;
    for (const TableRow& table : tables) {
        if (!words.contains(table.info.name)) continue;
        HEARTH_TRY_STATUS(box.database().execute(create_statement(table.info, false)));
        named.push_back(&table);
    }
    const auto read = box.tables_read(sql);
    if (!read.ok()) return with_names(read.error(), tables, named);
    std::erase_if(named, [&](const TableRow* table) {
        return std::find(read->begin(), read->end(), table->info.name) == read->end();
    });
    if (named.empty()) return Error(ErrorCode::kInvalidArgument, "the statement reads no table" + tables_told(tables));
    HEARTH_TRY(const std::size_t bytes, bytes_of(named));
    SqlLimits limits;
    limits.memory_bytes = static_cast<std::int64_t>(kWorkingBytes + kCopies * bytes);
    MemoryLedger::Lease lease;
    if (ledger != nullptr) {
        HEARTH_TRY(lease, ledger->reserve("tables", kWorkingBytes + 2 * kCopies * bytes));
    }
    for (const TableRow* table : named) {
        HEARTH_TRY(const std::string rows, read_table_rows(database, *table));
        HEARTH_TRY_STATUS(load(box.database(), table->info, rows));
    }
    TableAnswer answer;
    HEARTH_TRY(answer.rows, box.query(sql, limits));
    for (const TableRow* table : named) answer.sources.push_back(table->info);
    return answer;
}

}  // namespace hearth::retrieval
