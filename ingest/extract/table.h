// Rows and columns of a spreadsheet or a delimited file, and the text that makes them findable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/extract/text_builder.h"

namespace hearth::ingest {

using Row = std::vector<std::string>;

/// Cells in one string: a million of them cost little more than their bytes, and the empty ones at a row's end nothing.
class Table {
  public:
    std::string name;    ///< of the sheet; empty for a file that is one table
    Row columns;         ///< their names, "column 1" where the file has none
    bool named = false;  ///< by the file

    void add(const Row& cells);
    std::size_t rows() const { return rows_.size(); }
    std::size_t width(std::size_t row) const;  ///< cells up to the last that is not empty
    std::string_view cell(std::size_t row, std::size_t column) const;

  private:
    std::string bytes_;
    std::vector<std::size_t> ends_;  ///< of the cells in bytes_
    std::vector<std::size_t> rows_;  ///< where each row begins in ends_
};

/// "2024-03-01", a time of day behind it or not, without a zone: these sort as they follow each other.
bool is_date(std::string_view text);

/// The first row names the columns: it is filled with different words, while figures stand beneath one of them or
/// none of its words recurs beneath it. `sample` starts with that row.
bool has_header(const std::vector<Row>& sample);

/// Takes the header off `rows` when there is one; else numbers the columns.
Table make_table(std::string name, std::vector<Row> rows);

/// A table inside running text: its rows, the first of them as the columns' names of what is cut off below. Beneath a
/// table of figures stands what write_table says in front of one. Rows of equal width beneath names are kept for
/// queries.
void write_rows(TextBuilder& builder, std::vector<Row> rows, std::optional<int> page = std::nullopt,
                std::string name = {});

/// A part of its own with the row count and each column's kind, sum, extremes and mean, then the rows beneath the
/// columns' names. Keeps the rows for queries. `level` is that of the sheet's heading, 0 without one.
void write_table(TextBuilder& builder, const Table& table, int level, std::optional<int> page = std::nullopt);

}  // namespace hearth::ingest
