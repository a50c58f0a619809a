#include "agents/table_tools.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agents/prompt.h"
#include "agents/tool_parts.h"
#include "core/json.h"
#include "core/utf8.h"

namespace hearth::agents {
namespace {

using nlohmann::json;
using retrieval::TableInfo;

constexpr std::size_t kPlaceBytes = 2000;        // of a document's text, shown as what a table is
constexpr std::size_t kCellBytes = 200;          // shown of one cell to a model
constexpr std::size_t kOfferBytes = 1200;        // of the tables in a tool's description
constexpr std::size_t kListedBytes = 256 << 10;  // of the tables in a reply for programs

/// The request's own path binds; a call may only name one where it has none.
Result<retrieval::TableScope> table_scope(const json& arguments, const retrieval::Corpus& corpus,
                                          const ToolScope& scope, std::string& note) {
    HEARTH_TRY(Collection collection, collection_of(arguments, corpus, scope));
    note = std::move(collection.note);
    const std::string path = scope.path.empty() ? arguments.value("path", std::string()) : scope.path;
    return retrieval::TableScope{std::move(collection.name), path, scope.type};
}

std::string count_of_rows(const TableInfo& table) {
    return std::to_string(table.rows) + (table.rows == 1 ? " row" : " rows");
}

/// "orders(customer text, amount number)"
std::string signature(const TableInfo& table) {
    std::string text = table.name + "(";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) text += ", ";
        text += table.columns[i].name + " ";
        text += cell_type_name(table.columns[i].type);
    }
    return text + ")";
}

json table_json(const TableInfo& table) {
    return {{"name", table.name},
            {"document_id", table.document.id},
            {"path", table.document.path},
            {"collection", table.document.collection},
            {"type", table.document.type},
            {"title", table.title},
            {"page", table.page ? json(*table.page) : json()},
            {"row_count", table.rows},
            {"totals_row_left_out", table.totals_left_out},
            {"too_large", table.too_large}};
}

json table_json_with_columns(const TableInfo& table) {
    json columns = json::array();
    for (const retrieval::ColumnInfo& column : table.columns)
        columns.push_back({{"name", column.name}, {"title", column.title}, {"type", cell_type_name(column.type)}});
    json out = table_json(table);
    out["columns"] = std::move(columns);
    return out;
}

std::string listed_line(const TableInfo& table) {
    std::string line = "- " + signature(table) + ", " + count_of_rows(table) + ", of " + table.document.path;
    if (!table.title.empty()) line += ", " + one_line(table.title);
    if (table.totals_left_out) line += ", without its row of totals";
    if (table.too_large) line += ", too large to be queried";
    return line;
}

/// What the document itself says about the table, byte for byte.
Result<retrieval::Hit> hit_of(const TableInfo& table, const retrieval::Corpus& corpus) {
    const std::size_t end = std::min(table.span.end, table.span.start + kPlaceBytes);
    HEARTH_TRY(const retrieval::Passage passage, corpus.passage(table.document.id, {table.span.start, end}, 0));
    retrieval::Hit hit;
    hit.document = passage.document;
    hit.chunk.heading =
        passage.title + (table.title.empty() || table.title == passage.title ? "" : " > " + table.title);
    hit.chunk.page = table.page;
    hit.text = passage.text.substr(0, utf8_floor(passage.text, end - table.span.start));
    if (!is_valid_utf8(hit.text)) hit.text.resize(utf8_complete_prefix(hit.text));
    hit.chunk.span = {passage.window.start, passage.window.start + hit.text.size()};
    return hit;
}

json value_json(const SqlValue& value) {
    return std::visit(
        [](const auto& inner) -> json {
            if constexpr (std::is_same_v<std::decay_t<decltype(inner)>, std::monostate>)
                return nullptr;
            else
                return inner;
        },
        value);
}

std::string cell_text(const SqlValue& value) {
    if (std::holds_alternative<std::monostate>(value)) return "NULL";
    std::string text = one_line(print_value(value));
    text.resize(utf8_floor(text, kCellBytes));
    return text;
}

/// Column names and rows, one a line, as many as `room` takes; `shown` says how many.
std::string rows_text(const SqlRows& rows, std::size_t room, std::size_t& shown) {
    std::string text;
    for (std::size_t i = 0; i < rows.columns.size(); ++i) text += (i > 0 ? " | " : "") + one_line(rows.columns[i]);
    text.resize(utf8_floor(text, room));
    for (shown = 0; shown < rows.rows.size(); ++shown) {
        std::string line = "\n";
        for (std::size_t i = 0; i < rows.rows[shown].size(); ++i)
            line += (i > 0 ? " | " : "") + cell_text(rows.rows[shown][i]);
        if (text.size() + line.size() > room) break;
        text += line;
    }
    return text;
}

std::string data_json(const retrieval::TableAnswer& answer) {
    json rows = json::array();
    for (const auto& row : answer.rows.rows) {
        json cells = json::array();
        for (const SqlValue& value : row) cells.push_back(value_json(value));
        rows.push_back(std::move(cells));
    }
    json tables = json::array();
    for (const TableInfo& table : answer.sources) tables.push_back(table_json(table));
    return dump_json({{"columns", answer.rows.columns},
                      {"rows", std::move(rows)},
                      {"cut", answer.rows.cut},
                      {"tables", std::move(tables)}});
}

/// Adds one passage for each document that was read, with the line that shows its number.
Status add_sources(const retrieval::TableAnswer& answer, const retrieval::Corpus& corpus, int first_number,
                   ToolResult& result) {
    for (const TableInfo& table : answer.sources) {
        HEARTH_TRY(retrieval::Hit hit, hit_of(table, corpus));
        result.text += "[" + std::to_string(first_number + static_cast<int>(result.passages.size())) + "] table " +
                       table.name + " of " + table.document.path + ", " + count_of_rows(table) +
                       (table.totals_left_out ? " without the row of totals" : "") + "\n";
        result.passages.push_back(std::move(hit));
    }
    return {};
}

}  // namespace

ToolResult list_tables(const json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope) {
    ToolResult result;
    const auto where = table_scope(arguments, corpus, scope, result.text);
    if (!where.ok()) return failure("The tables cannot be listed: " + where.error().message);
    const auto tables = corpus.tables(*where);
    if (!tables.ok()) return failure("The tables cannot be listed: " + tables.error().message);
    result.text += std::to_string(tables->size()) + (tables->size() == 1 ? " table\n" : " tables\n");
    json listed = json::array();
    std::size_t told = 0;
    std::size_t bytes = 0;
    for (const TableInfo& table : *tables) {
        const std::string line = listed_line(table);
        if (told == listed.size() && result.text.size() + line.size() + 40 <= kToolResultBytes) {
            result.text += line + "\n";
            ++told;
        }
        json entry = table_json_with_columns(table);
        bytes += dump_json(entry).size();
        if (bytes > kListedBytes) break;
        listed.push_back(std::move(entry));
    }
    if (told < tables->size()) result.text += "and " + std::to_string(tables->size() - told) + " more\n";
    const std::size_t left_out = tables->size() - listed.size();
    result.data = dump_json({{"tables", std::move(listed)}, {"left_out", left_out}});
    return result;
}

ToolResult query_table(const json& arguments, const retrieval::Corpus& corpus, const ToolScope& scope,
                       int first_number) {
    ToolResult result;
    const auto where = table_scope(arguments, corpus, scope, result.text);
    if (!where.ok()) return failure("The tables cannot be read: " + where.error().message);
    auto answer = corpus.query_tables(arguments.at("sql").get<std::string>(), *where);
    if (!answer.ok()) {
        std::string why = result.text + "The query failed: " + answer.error().message + ".";
        why.resize(utf8_floor(why, kToolResultBytes));
        return failure(std::move(why));
    }
    const Status found = add_sources(*answer, corpus, first_number, result);
    if (!found.ok()) return failure("The tables' documents cannot be read: " + found.error().message);
    constexpr std::size_t kNoteBytes = 100;
    const std::size_t room = kToolResultBytes - std::min(kToolResultBytes, result.text.size() + kNoteBytes);
    std::size_t shown = 0;
    result.computed = rows_text(answer->rows, room, shown);
    result.text += result.computed + "\n";
    if (shown < answer->rows.rows.size() || answer->rows.cut) {
        result.text += "(" + std::to_string(shown) + " rows of " + (answer->rows.cut ? "more than " : "") +
                       std::to_string(answer->rows.rows.size()) + "; ask for fewer)\n";
    }
    result.data = data_json(*answer);
    result.rows = std::move(answer->rows);
    return result;
}

llm::ToolDefinition query_table_over(llm::ToolDefinition plain, const std::vector<TableInfo>& tables) {
    std::string told = " The tables: ";
    std::size_t count = 0;
    for (const TableInfo& table : tables) {
        const std::string one = (count > 0 ? "; " : "") + signature(table);
        if (told.size() + one.size() > kOfferBytes) break;
        told += one;
        ++count;
    }
    if (count < tables.size())
        told += (count > 0 ? "; " : "") + std::to_string(tables.size() - count) + " more, which list_tables names";
    plain.description += told + ".";
    return plain;
}

}  // namespace hearth::agents
