#include "retrieval/table_names.h"

#include <gtest/gtest.h>

#include "core/utf8.h"

namespace hearth::retrieval {
namespace {

TEST(SqlName, IsWhatSomebodyWouldTypeUnquoted) {
    const auto name = [](const char* text) { return sql_name(text, "field"); };
    EXPECT_EQ(name("Unit Price"), "unit_price");
    EXPECT_EQ(name("  --Total (EUR) % "), "total_eur");
    EXPECT_EQ(name("order"), "order_");
    EXPECT_EQ(name("SELECT"), "select_");
    EXPECT_EQ(name("2024"), "field_2024");
    EXPECT_EQ(name("sqlite_x"), "field_sqlite_x");
    EXPECT_EQ(name(""), "field");
    EXPECT_EQ(name("\"; DROP TABLE a"), "drop_table_a");
    EXPECT_EQ(name("M\u00E4rz\u00A02024"), "m\u00E4rz_2024");
    EXPECT_EQ(name("\u91D1\u989D\u3000\u5408\u8BA1"), "\u91D1\u989D_\u5408\u8BA1");
    EXPECT_EQ(name("\u201Cquoted\u201D \u2013 dash"), "quoted_dash");
    EXPECT_EQ(name("a\xFF\xC3"), "a");
}

TEST(SqlName, IsCutBetweenCharacters) {
    std::string text = "x";
    for (int i = 0; i < 100; ++i) text += "\u00E4";
    const std::string name = sql_name(text, "field");
    EXPECT_LE(name.size(), 60u);
    EXPECT_TRUE(is_valid_utf8(name));
}

TEST(TableName, IsOfTheFileAndOfTheSheetWhereThereAreSeveral) {
    EXPECT_EQ(table_name("a/Orders 2024.csv", "", false, 0), "orders_2024");
    EXPECT_EQ(table_name("a/Book.xlsx", "Sheet1", false, 0), "book");
    EXPECT_EQ(table_name("a/Book.xlsx", "Q1", true, 0), "book_q1");
    EXPECT_EQ(table_name("a/page.html", "", true, 1), "page_2");
    EXPECT_EQ(table_name(".csv", "", false, 0), "csv");
}

TEST(UniqueName, CountsFromTwo) {
    std::set<std::string> taken = {"a", "a_3"};
    EXPECT_EQ(unique_name("a", taken), "a_2");
    EXPECT_EQ(unique_name("a", taken), "a_4");
    EXPECT_EQ(unique_name("b", taken), "b");
}

}  // namespace
}  // namespace hearth::retrieval
