#include "ingest/extract/spreadsheet.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace hearth::ingest {
namespace {

std::size_t filled_cells(const Row& row) {
    return static_cast<std::size_t>(
        std::count_if(row.begin(), row.end(), [](const auto& cell) { return !cell.empty(); }));
}

/// Leaves out the empty columns in front of all rows.
void drop_margin(std::vector<Row>& rows) {
    std::size_t first = kMaxSheetColumns;
    for (const Row& row : rows) {
        const auto filled = std::find_if(row.begin(), row.end(), [](const auto& cell) { return !cell.empty(); });
        first = std::min(first, static_cast<std::size_t>(filled - row.begin()));
    }
    for (Row& row : rows)
        row.erase(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(std::min(first, row.size())));
}

std::string print_time(long seconds) {
    std::array<char, 16> text{};
    const long hours = seconds / 3600;
    const long minutes = seconds / 60 % 60;
    if (seconds % 60 == 0)
        std::snprintf(text.data(), text.size(), "%02ld:%02ld", hours, minutes);
    else
        std::snprintf(text.data(), text.size(), "%02ld:%02ld:%02ld", hours, minutes, seconds % 60);
    return text.data();
}

}  // namespace

void write_sheet(TextBuilder& builder, Sheet sheet, int number) {
    std::erase_if(sheet.rows, [](const Row& row) { return filled_cells(row) == 0; });
    builder.add(BlockKind::kHeading, sheet.name + (sheet.hidden ? " (hidden sheet)" : ""), 1, number);
    std::size_t width = 0;
    for (const Row& row : sheet.rows) width = std::max(width, row.size());
    std::size_t above = 0;
    while (width > 1 && above < sheet.rows.size() && filled_cells(sheet.rows[above]) == 1) {
        for (const auto& cell : sheet.rows[above]) builder.add(BlockKind::kParagraph, cell, 0, number);
        ++above;
    }
    sheet.rows.erase(sheet.rows.begin(), sheet.rows.begin() + static_cast<std::ptrdiff_t>(above));
    drop_margin(sheet.rows);
    write_table(builder, make_table(sheet.name, std::move(sheet.rows)), 1, number);
}

Refusal too_many_cells(std::string type) {
    return {std::move(type), "a sheet holds more than " + std::to_string(kMaxSheetCells) + " cells",
            "Save the sheet as .csv and drop that."};
}

std::string print_serial_date(double serial, bool since_1904) {
    constexpr double kLastDay = 2'958'465;  // 9999-12-31
    if (!(serial >= 0) || serial > kLastDay) return print_number(serial);
    const auto total = std::llround(serial * 86400);
    const auto days = static_cast<int>(total / 86400);
    const long seconds = static_cast<long>(total % 86400);
    if (days == 0) return print_time(seconds);
    using namespace std::chrono;
    // Excel believes in 1900-02-29, so its day 60 does not exist and later ones count from 1899-12-30.
    const sys_days epoch =
        since_1904 ? sys_days(year(1904) / 1 / 1) : sys_days(year(1899) / 12 / (days < 60 ? 31 : 30));
    const year_month_day date{epoch + std::chrono::days(days)};
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return seconds == 0 ? std::string(text.data()) : std::string(text.data()) + " " + print_time(seconds);
}

std::string print_number(double value) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.15g", value);
    return text.data();
}

}  // namespace hearth::ingest
