#include "core/packed_table.h"

#include "core/utf8.h"

namespace hearth {
namespace {

Error broken(const char* what) {
    return Error(ErrorCode::kDataLoss, std::string("a stored table is broken: ") + what);
}

void append_number(std::string& out, std::size_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
    out += static_cast<char>(value);
}

bool is_clean(std::string_view text) {
    return is_valid_utf8(text) && text.find('\0') == std::string_view::npos;
}

}  // namespace

std::string_view cell_type_name(CellType type) noexcept {
    switch (type) {
        case CellType::kNumber:
            return "number";
        case CellType::kDate:
            return "date";
        case CellType::kBoolean:
            return "boolean";
        case CellType::kText:
            break;
    }
    return "text";
}

void PackedRows::begin_row(std::size_t cells) {
    append_number(out_, cells);
}

void PackedRows::add_cell(std::string_view cell) {
    cell = cell.substr(0, utf8_floor(cell, kMaxTableCellBytes));
    append_number(out_, cell.size());
    out_ += cell;
}

Result<std::size_t> PackedReader::number() {
    std::size_t value = 0;
    for (int shift = 0; shift <= 28; shift += 7) {
        if (at_ >= rows_.size()) return broken("it ends inside a number");
        const auto byte = static_cast<unsigned char>(rows_[at_++]);
        value |= static_cast<std::size_t>(byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
    return broken("a number is too long");
}

Status PackedReader::next(std::vector<std::string_view>& cells) {
    cells.clear();
    HEARTH_TRY(const std::size_t count, number());
    if (count > columns_) return broken("a row is wider than the columns");
    for (std::size_t i = 0; i < count; ++i) {
        HEARTH_TRY(const std::size_t size, number());
        if (size > kMaxTableCellBytes || size > rows_.size() - at_) return broken("a cell's size");
        cells.push_back(rows_.substr(at_, size));
        at_ += size;
    }
    return {};
}

Status check_table(const PackedTable& table) {
    if (table.columns.empty() || table.columns.size() > kMaxTableColumns) return broken("the number of columns");
    if (table.name.size() > kMaxTableNameBytes || !is_clean(table.name)) return broken("its name");
    for (const TableColumn& column : table.columns) {
        if (column.name.size() > kMaxTableNameBytes || !is_clean(column.name)) return broken("a column's name");
    }
    if (table.start > table.end) return broken("its place in the text");
    if (table.too_large) return table.rows.empty() ? Status() : broken("rows that should not be there");
    if (table.rows.size() > kMaxTableBytes || table.row_count > kMaxTableRows) return broken("it is too large");
    PackedReader reader(table.rows, table.columns.size());
    std::vector<std::string_view> cells;
    std::size_t rows = 0;
    for (; !reader.at_end(); ++rows) {
        HEARTH_TRY_STATUS(reader.next(cells));
        for (const std::string_view cell : cells) {
            if (!is_clean(cell)) return broken("a cell is not UTF-8");
        }
    }
    return rows == table.row_count ? Status() : broken("the number of rows");
}

}  // namespace hearth
