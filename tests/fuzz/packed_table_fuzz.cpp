// Packed rows out of a hostile parser or a damaged record: what is taken for whole reads to its end.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/packed_table.h"
#include "core/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    hearth::PackedTable table;
    table.columns.resize(data[0]);
    table.row_count = data[1];
    table.rows.assign(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (!hearth::check_table(table).ok()) return 0;
    hearth::PackedReader reader(table.rows, table.columns.size());
    std::vector<std::string_view> cells;
    std::string again;
    hearth::PackedRows writer(again);
    std::size_t rows = 0;
    for (; !reader.at_end(); ++rows) {
        HEARTH_CHECK(reader.next(cells).ok());
        HEARTH_CHECK(cells.size() <= table.columns.size());
        writer.begin_row(cells.size());
        for (const std::string_view cell : cells) {
            HEARTH_CHECK(hearth::is_valid_utf8(cell));
            writer.add_cell(cell);
        }
    }
    HEARTH_CHECK(rows == table.row_count);
    HEARTH_CHECK(again.size() <= table.rows.size());  // numbers may have been written longer than they need
    table.rows = again;
    HEARTH_CHECK(hearth::check_table(table).ok());
    return 0;
}
