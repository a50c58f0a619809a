// A table on its way from the parser to the record: names, kinds and every cell, in one string that needs no escaping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace hearth {

// What one table may hold, so that a query over it stays small: a larger one is kept without its rows.
constexpr std::size_t kMaxTableColumns = 1000;
constexpr std::size_t kMaxTableRows = 2'000'000;
constexpr std::size_t kMaxTableBytes = 32u << 20;      ///< of one table's packed rows
constexpr std::size_t kMaxTablesBytes = 64u << 20;     ///< of all tables of one document
constexpr std::size_t kMaxTables = 200;                ///< of one document
constexpr std::size_t kMaxTableCellBytes = 64u << 10;  ///< the rest of a longer cell is left out
constexpr std::size_t kMaxTableNameBytes = 200;        ///< of a table's or column's name

/// By every cell of the column that is not empty. kNumber: read_number() reads it, in one unit, and no comma could be
/// the decimal one. kDate: "2024-03-01", with a time of day or without. kBoolean: "true" and "false" in any case.
enum class CellType : std::uint8_t { kText, kNumber, kDate, kBoolean };
constexpr int kCellTypes = 4;
std::string_view cell_type_name(CellType type) noexcept;  ///< "text", "number", "date", "boolean"

struct TableColumn {
    std::string name;  ///< as written above the column
    CellType type = CellType::kText;
};

struct PackedTable {
    std::string name;  ///< of the sheet or the caption; empty for a file that is one table
    std::optional<int> page;
    std::size_t start = 0;  ///< [start, end) of the document's text is what it says about this table
    std::size_t end = 0;
    std::vector<TableColumn> columns;
    std::size_t row_count = 0;
    bool totals_left_out = false;  ///< the last row added up the others and is not among the rows
    bool too_large = false;        ///< `rows` is empty, whatever row_count says
    std::string rows;              ///< as PackedRows makes it
};

/// Adds rows to a string: each the number of its cells up to the last that is not empty, then each cell's byte count
/// and bytes; numbers as LEB128.
class PackedRows {
  public:
    explicit PackedRows(std::string& out) : out_(out) {}
    void begin_row(std::size_t cells);
    void add_cell(std::string_view cell);  ///< cut to kMaxTableCellBytes

  private:
    std::string& out_;
};

/// Reads what PackedRows wrote, from any bytes: kDataLoss for the first that does not fit.
class PackedReader {
  public:
    PackedReader(std::string_view rows, std::size_t columns) : rows_(rows), columns_(columns) {}
    bool at_end() const { return at_ == rows_.size(); }
    /// The next row's cells, at most `columns` of them: views into the bytes.
    Status next(std::vector<std::string_view>& cells);

  private:
    Result<std::size_t> number();

    std::string_view rows_;
    std::size_t columns_;
    std::size_t at_ = 0;
};

/// The rows are row_count many, whole, and UTF-8 without NUL; names and counts keep the limits above.
Status check_table(const PackedTable& table);

}  // namespace hearth
