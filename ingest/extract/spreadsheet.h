// From the cells of a sheet to text and tables.
#pragma once

#include <string>
#include <vector>

#include "ingest/extract/table.h"

namespace hearth::ingest {

struct Sheet {
    std::string name;
    bool hidden = false;
    std::vector<Row> rows;  ///< by their place; empty rows and cells included
};

constexpr std::size_t kMaxSheetCells = 5'000'000;
constexpr std::size_t kMaxSheetColumns = 16'384;

/// The sheet's name as heading, lines of one cell above the table as paragraphs, then the table. `number` counts sheets
/// from 1 and is their page.
void write_sheet(TextBuilder& builder, Sheet sheet, int number);

Refusal too_many_cells(std::string type);

/// A serial day number as Excel counts it, as "2024-03-01", "2024-03-01 14:30" or, below one day, "14:30".
std::string print_serial_date(double serial, bool since_1904);
/// A number without the noise of binary fractions: 15 significant digits.
std::string print_number(double value);

}  // namespace hearth::ingest
