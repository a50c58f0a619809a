#include "core/packed_table.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

PackedTable sample() {
    PackedTable table;
    table.columns = {{"name", CellType::kText}, {"amount", CellType::kNumber}};
    PackedRows rows(table.rows);
    rows.begin_row(2);
    rows.add_cell("a | b");
    rows.add_cell("1");
    rows.begin_row(1);
    rows.add_cell(std::string(300, 'x'));
    table.row_count = 2;
    return table;
}

TEST(PackedTable, ComesBackAsItWentIn) {
    const PackedTable table = sample();
    ASSERT_TRUE(check_table(table).ok());
    PackedReader reader(table.rows, 2);
    std::vector<std::string_view> cells;
    ASSERT_TRUE(reader.next(cells).ok());
    EXPECT_EQ(cells, (std::vector<std::string_view>{"a | b", "1"}));
    ASSERT_TRUE(reader.next(cells).ok());
    ASSERT_EQ(cells.size(), 1u);
    EXPECT_EQ(cells[0].size(), 300u);
    EXPECT_TRUE(reader.at_end());
}

TEST(PackedTable, EveryTruncationIsCaught) {
    const std::string whole = sample().rows;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        PackedTable table = sample();
        table.rows.resize(size);
        EXPECT_FALSE(check_table(table).ok()) << size;
    }
}

TEST(PackedTable, EveryLieIsCaught) {
    const auto broken = [](auto change) {
        PackedTable table = sample();
        change(table);
        return !check_table(table).ok();
    };
    EXPECT_TRUE(broken([](PackedTable& t) { t.columns.pop_back(); }));  // a row is wider
    EXPECT_TRUE(broken([](PackedTable& t) { t.columns.clear(); }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.columns[0].name = "\xFF"; }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.columns[0].name = std::string(kMaxTableNameBytes + 1, 'a'); }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.row_count = 3; }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.rows[2] = '\0'; }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.rows[2] = '\xC3'; }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.rows[1] = '\x7F'; }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.rows.assign(9, '\xFF'); }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.too_large = true; }));
    EXPECT_TRUE(broken([](PackedTable& t) { t.start = 1; }));
}

TEST(PackedTable, LongCellsAreCutBetweenCharacters) {
    std::string rows;
    PackedRows writer(rows);
    writer.begin_row(1);
    writer.add_cell("x" + std::string(kMaxTableCellBytes / 2, '\xC3') /* no whole character */);
    rows.clear();
    std::string cell = "x";
    while (cell.size() < kMaxTableCellBytes) cell += "\xC3\xB6";
    writer.begin_row(1);
    writer.add_cell(cell);
    PackedReader reader(rows, 1);
    std::vector<std::string_view> cells;
    ASSERT_TRUE(reader.next(cells).ok());
    EXPECT_EQ(cells[0].size(), kMaxTableCellBytes - 1);
}

}  // namespace
}  // namespace hearth
