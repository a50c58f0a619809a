#include "retrieval/record_tables.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/glob.h"
#include "core/hash.h"
#include "core/json.h"
#include "retrieval/table_names.h"

namespace hearth::retrieval {
namespace {

using nlohmann::json;

std::string columns_json(const std::vector<TableColumn>& columns) {
    json out = json::array();
    std::set<std::string> taken;
    for (const TableColumn& column : columns) {
        out.push_back(
            {unique_name(sql_name(column.name, "field"), taken), column.name, static_cast<unsigned>(column.type)});
    }
    return dump_json(out);
}

Result<std::vector<ColumnInfo>> read_columns(std::string_view text) {
    HEARTH_TRY(const json rows, parse_json(text));
    std::vector<ColumnInfo> columns;
    for (const json& row : rows) {
        const bool good = row.is_array() && row.size() == 3 && row[0].is_string() && row[1].is_string() &&
                          row[2].is_number_unsigned() && row[2].get<unsigned>() < kCellTypes;
        if (!good) return Error(ErrorCode::kDataLoss, "a stored table's columns are damaged");
        columns.push_back(
            {row[0].get<std::string>(), row[1].get<std::string>(), static_cast<CellType>(row[2].get<unsigned>())});
    }
    return columns;
}

/// The names that begin like `name`: those in its way.
Result<std::set<std::string>> names_like(Database& database, const std::string& name) {
    HEARTH_TRY(Statement statement, database.prepare("SELECT name FROM data_tables WHERE substr(name, 1, ?2) = ?1"));
    statement.bind(1, name).bind(2, static_cast<std::int64_t>(name.size()));
    std::set<std::string> names;
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) return names;
        names.emplace(statement.column_text(0));
    }
}

Result<std::string> free_name(Database& database, const std::string& name) {
    HEARTH_TRY(std::set<std::string> taken, names_like(database, name));
    return unique_name(name, taken);
}

}  // namespace

Result<std::vector<TableRow>> list_tables(Database& database, const TableScope& scope) {
    HEARTH_TRY(Statement row,
               database.prepare("SELECT t.version, t.ordinal, t.name, d.id, d.path, d.type, d.collection,"
                                " t.title, t.page, t.start, t.end, t.columns, t.row_count,"
                                " t.totals_left_out, t.too_large, length(t.rows) FROM data_tables t"
                                " JOIN versions v ON v.version = t.version"
                                " JOIN documents d ON d.document = v.document"
                                " WHERE (?1 = '' OR d.collection = ?1) AND (?2 = '' OR d.type = ?2)"
                                " ORDER BY d.path, t.ordinal"));
    row.bind(1, scope.collection).bind(2, scope.type);
    std::vector<TableRow> tables;
    for (;;) {
        HEARTH_TRY(const bool found, row.step());
        if (!found) return tables;
        const auto text = [&](int column) { return std::string(row.column_text(column)); };
        TableRow table;
        table.version = row.column_int(0);
        table.ordinal = row.column_int(1);
        table.info.name = text(2);
        table.info.document = {text(3), text(4), text(5), text(6)};
        if (!scope.path.empty() && !glob_match(scope.path, table.info.document.path)) continue;
        table.info.title = text(7);
        if (!row.column_is_null(8)) table.info.page = static_cast<int>(row.column_int(8));
        table.info.span = {static_cast<std::size_t>(row.column_int(9)), static_cast<std::size_t>(row.column_int(10))};
        HEARTH_TRY(table.info.columns, read_columns(row.column_text(11)));
        table.info.rows = row.column_int(12);
        table.info.totals_left_out = row.column_int(13) != 0;
        table.info.too_large = row.column_int(14) != 0;
        table.bytes = static_cast<std::size_t>(row.column_int(15));
        tables.push_back(std::move(table));
    }
}

Result<std::string> read_table_rows(Database& database, const TableRow& table) {
    HEARTH_TRY(Statement statement,
               database.prepare("SELECT rows, rows_sha256 FROM data_tables WHERE version = ?1 AND ordinal = ?2"));
    HEARTH_TRY(const bool found, statement.bind(1, table.version).bind(2, table.ordinal).step());
    if (found) {
        const std::span<const std::byte> rows = statement.column_blob(0);
        if (sha256_hex(rows) == statement.column_text(1))
            return std::string(reinterpret_cast<const char*>(rows.data()), rows.size());
    }
    return Error(ErrorCode::kDataLoss, "the stored rows of the table " + table.info.name +
                                           " are damaged: run hearth reindex " + table.info.document.path);
}

Status insert_tables(Database& database, std::int64_t version, const std::string& path,
                     std::span<const PackedTable> tables) {
    HEARTH_TRY(Statement row,
               database.prepare("INSERT INTO data_tables (version, ordinal, name, title, page, start, end, columns,"
                                " row_count, totals_left_out, too_large, rows_sha256, rows)"
                                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"));
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const PackedTable& table = tables[i];
        HEARTH_TRY(const std::string name, free_name(database, table_name(path, table.name, tables.size() > 1, i)));
        row.bind(1, version).bind(2, static_cast<std::int64_t>(i)).bind(3, name).bind(4, table.name);
        if (table.page) row.bind(5, static_cast<std::int64_t>(*table.page));
        row.bind(6, static_cast<std::int64_t>(table.start))
            .bind(7, static_cast<std::int64_t>(table.end))
            .bind(8, columns_json(table.columns))
            .bind(9, static_cast<std::int64_t>(table.row_count))
            .bind(10, std::int64_t{table.totals_left_out})
            .bind(11, std::int64_t{table.too_large})
            .bind(12, sha256_hex(table.rows))
            .bind(13, std::as_bytes(std::span(table.rows)));
        HEARTH_TRY_STATUS(row.run());
    }
    return {};
}

Status rename_tables(Database& database, std::int64_t version, const std::string& old_path,
                     const std::string& new_path) {
    if (table_name(old_path, {}, false, 0) == table_name(new_path, {}, false, 0)) return {};
    std::vector<std::string> titles;
    {
        HEARTH_TRY(Statement rows,
                   database.prepare("SELECT title FROM data_tables WHERE version = ?1 ORDER BY ordinal"));
        rows.bind(1, version);
        for (;;) {
            HEARTH_TRY(const bool found, rows.step());
            if (!found) break;
            titles.emplace_back(rows.column_text(0));
        }
    }
    HEARTH_TRY(Statement change,
               database.prepare("UPDATE data_tables SET name = ?3 WHERE version = ?1 AND ordinal = ?2"));
    for (std::size_t i = 0; i < titles.size(); ++i) {
        HEARTH_TRY(const std::string name, free_name(database, table_name(new_path, titles[i], titles.size() > 1, i)));
        HEARTH_TRY_STATUS(change.bind(1, version).bind(2, static_cast<std::int64_t>(i)).bind(3, name).run());
    }
    return {};
}

}  // namespace hearth::retrieval
