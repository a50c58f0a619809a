#include "ingest/extract/table_data.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/decimal.h"
#include "core/utf8.h"

namespace hearth::ingest {
namespace {

bool is_boolean(std::string_view cell) {
    std::string lower(cell.substr(0, 6));
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower == "true" || lower == "false";
}

/// What all cells of a column have in common.
class ColumnKind {
  public:
    void add(std::string_view cell) {
        if (cell.empty()) return;
        ++filled_;
        dates_ += is_date(cell) ? 1 : 0;
        booleans_ += is_boolean(cell) ? 1 : 0;
        if (numbers_ + 1 < filled_) return;  // one was none already
        const auto number = read_number(cell);
        if (!number) return;
        ++numbers_;
        grouped_ = grouped_ || number->grouped;
        sure_ = sure_ || number->surely_grouped || number->unit == Unit::kDollar || number->unit == Unit::kPound;
        percents_ += number->unit == Unit::kPercent ? 1 : 0;
        if (number->unit == Unit::kNone) return;
        several_units_ =
            several_units_ || number->unit == Unit::kSeveral || (unit_ != Unit::kNone && unit_ != number->unit);
        unit_ = number->unit;
    }

    CellType type() const {
        if (filled_ == 0) return CellType::kText;
        if (dates_ == filled_) return CellType::kDate;
        if (booleans_ == filled_) return CellType::kBoolean;
        const bool one_unit = !several_units_ && (percents_ == 0 || percents_ == filled_);
        return numbers_ == filled_ && one_unit && (!grouped_ || sure_) ? CellType::kNumber : CellType::kText;
    }

  private:
    std::size_t filled_ = 0;
    std::size_t numbers_ = 0;
    std::size_t dates_ = 0;
    std::size_t booleans_ = 0;
    std::size_t percents_ = 0;
    bool grouped_ = false;
    bool sure_ = false;
    bool several_units_ = false;
    Unit unit_ = Unit::kNone;
};

std::string short_name(std::string_view name) {
    std::string clean = clean_text(name);
    clean.resize(utf8_floor(clean, kMaxTableNameBytes));
    return clean;
}

/// Adds the row; false when the bytes are over their limit.
bool pack_row(const Table& table, std::size_t row, std::string& out, std::vector<ColumnKind>& kinds) {
    PackedRows packed(out);
    packed.begin_row(table.width(row));
    for (std::size_t i = 0; i < table.width(row); ++i) {
        const std::string_view cell = table.cell(row, i);
        kinds[i].add(cell);
        if (is_clean_text(cell))
            packed.add_cell(cell);
        else
            packed.add_cell(clean_text(cell));
    }
    return out.size() <= kMaxTableBytes;
}

}  // namespace

PackedTable pack_table(const Table& table, std::size_t rows, std::optional<int> page) {
    PackedTable packed;
    packed.name = short_name(table.name);
    packed.page = page;
    packed.row_count = rows;
    packed.totals_left_out = rows < table.rows();
    packed.too_large = table.columns.size() > kMaxTableColumns || rows > kMaxTableRows;
    std::vector<ColumnKind> kinds(table.columns.size());
    for (std::size_t row = 0; row < rows && !packed.too_large; ++row)
        packed.too_large = !pack_row(table, row, packed.rows, kinds);
    if (packed.too_large) packed.rows = std::string();
    for (std::size_t i = 0; i < std::min(table.columns.size(), kMaxTableColumns); ++i)
        packed.columns.push_back({short_name(table.columns[i]), packed.too_large ? CellType::kText : kinds[i].type()});
    return packed;
}

}  // namespace hearth::ingest
