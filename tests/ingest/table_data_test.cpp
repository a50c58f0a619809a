// What the record keeps of tables to be queried.
#include "ingest/extract/table_data.h"

#include <gtest/gtest.h>

#include "ingest/parsed.h"

namespace hearth::ingest {
namespace {

using test::document_of;
using test::extract;

std::vector<Row> rows_of(const PackedTable& table) {
    std::vector<Row> rows;
    PackedReader reader(table.rows, table.columns.size());
    std::vector<std::string_view> cells;
    while (!reader.at_end() && reader.next(cells).ok()) rows.emplace_back(cells.begin(), cells.end());
    return rows;
}

CellType type_of(const std::vector<std::string>& cells) {
    std::vector<Row> rows = {{"name", "value"}};
    for (const std::string& cell : cells) rows.push_back({"x", cell});
    const Table table = make_table({}, std::move(rows));
    return pack_table(table, table.rows(), std::nullopt).columns.at(1).type;
}

TEST(PackTable, AColumnIsOfAKindWhenEveryCellIs) {
    EXPECT_EQ(type_of({"1", "", "-2.5", "3e2"}), CellType::kNumber);
    EXPECT_EQ(type_of({"1", "n/a"}), CellType::kText);
    EXPECT_EQ(type_of({"007", "008"}), CellType::kText);
    EXPECT_EQ(type_of({"2024-03-01", "2024-12-31 10:00"}), CellType::kDate);
    EXPECT_EQ(type_of({"2024-03-01", "03/04/2024"}), CellType::kText);
    EXPECT_EQ(type_of({"TRUE", "false"}), CellType::kBoolean);
    EXPECT_EQ(type_of({"true", "1"}), CellType::kText);
    EXPECT_EQ(type_of({}), CellType::kText);
}

TEST(PackTable, WhatMightMeanTwoThingsStaysText) {
    EXPECT_EQ(type_of({"1,234", "5,678"}), CellType::kText);  // thousands, or decimals of somebody else
    EXPECT_EQ(type_of({"1,234", "5,678.50"}), CellType::kNumber);
    EXPECT_EQ(type_of({"1,234", "1,234,567"}), CellType::kNumber);
    EXPECT_EQ(type_of({"$1,234", "$7"}), CellType::kNumber);
    EXPECT_EQ(type_of({"1,5", "2,75"}), CellType::kText);
    EXPECT_EQ(type_of({"$5", "\u20AC 5"}), CellType::kText);
    EXPECT_EQ(type_of({"$5", "6"}), CellType::kNumber);
    EXPECT_EQ(type_of({"5 %", "6 %"}), CellType::kNumber);
    EXPECT_EQ(type_of({"5 %", "6"}), CellType::kText);
    EXPECT_EQ(type_of({"$5 %"}), CellType::kText);
}

TEST(PackTable, CsvIsKeptCellByCell) {
    const auto extraction = extract("city,rate,note\nParis,160.50,\"a | b\"\nRome,,\nOslo,9,x\n", "rates.csv");
    const Document& document = document_of(extraction);
    ASSERT_EQ(document.tables.size(), 1u);
    const PackedTable& table = document.tables[0];
    EXPECT_EQ(table.row_count, 3u);
    EXPECT_EQ(rows_of(table), (std::vector<Row>{{"Paris", "160.50", "a | b"}, {"Rome"}, {"Oslo", "9", "x"}}));
    EXPECT_EQ(table.columns[1].type, CellType::kNumber);
    EXPECT_EQ(document.text.substr(table.start, table.end - table.start).substr(0, 24), "Table: 3 rows, 3 columns");
    EXPECT_TRUE(check_table(table).ok());
}

TEST(PackTable, ARowThatAddsUpTheOthersIsLeftOut) {
    const auto extraction = extract("item,cost\na,1\nb,2\nTotal,3\n", "costs.csv");
    const PackedTable& table = document_of(extraction).tables.at(0);
    EXPECT_TRUE(table.totals_left_out);
    EXPECT_EQ(table.row_count, 2u);
    EXPECT_EQ(rows_of(table).size(), 2u);
}

TEST(PackTable, TablesOfAPageAreKeptWhenTheirRowsAreEqual) {
    const auto extraction = extract(
        "<html><p>Words.<table><caption>Yield</caption><tr><th>well<th>litres<tr><td>A<td>1<tr><td>B<td>2</table>"
        "<table><tr><td colspan=2>x<tr><td>A<td>1<tr><td>B<td>2</table>",
        "a.html");
    const Document& document = document_of(extraction);
    ASSERT_EQ(document.tables.size(), 1u);
    const PackedTable& table = document.tables[0];
    EXPECT_EQ(table.name, "Yield");
    EXPECT_EQ(rows_of(table), (std::vector<Row>{{"A", "1"}, {"B", "2"}}));
    EXPECT_NE(document.text.substr(table.start, table.end - table.start).find("well | litres"), std::string::npos);
}

TEST(PackTable, SheetsCarryTheirNamesAndPages) {
    const auto extraction = extract(test::golden("office/stock.xlsx"), "stock.xlsx");
    const Document& document = document_of(extraction);
    ASSERT_FALSE(document.tables.empty());
    EXPECT_FALSE(document.tables[0].name.empty());
    EXPECT_EQ(document.tables[0].page, 1);
    for (const PackedTable& table : document.tables) EXPECT_TRUE(check_table(table).ok());
}

TEST(PackTable, TooLargeOnesHaveNoRowsRatherThanSome) {
    Table table;
    table.columns = {"a"};
    const std::string cell(kMaxTableCellBytes, 'x');
    for (std::size_t bytes = 0; bytes <= kMaxTableBytes; bytes += cell.size()) table.add({cell});
    const PackedTable packed = pack_table(table, table.rows(), std::nullopt);
    EXPECT_TRUE(packed.too_large);
    EXPECT_TRUE(packed.rows.empty());
    EXPECT_EQ(packed.row_count, table.rows());
    EXPECT_TRUE(check_table(packed).ok());
}

}  // namespace
}  // namespace hearth::ingest
