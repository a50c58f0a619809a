// Office files that LibreOffice wrote from sources that are known, and books.
#include <gtest/gtest.h>

#include "ingest/extract/odf.h"
#include "ingest/extract/spreadsheet.h"
#include "ingest/extract/xml_walk.h"
#include "ingest/parsed.h"

namespace hearth::ingest {
namespace {

using test::document_of;
using test::extract;
using test::golden;
using test::headings;
using Strings = std::vector<std::string>;

class TextFiles : public ::testing::TestWithParam<const char*> {};

TEST_P(TextFiles, EveryHeadingItemAndCellIsThere) {
    const std::string ending = GetParam();
    const auto extraction = extract(golden("office/manual." + ending), "x");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, ending);
    EXPECT_EQ(document.title, "Pump manual");
    EXPECT_EQ(headings(document),
              (Strings{"1 Pump manual", "2 Safety & care", "3 Daily checks", "2 Übersicht der Größen", "1 Appendix"}));
    EXPECT_NE(document.text.find("\n\nParagraph 3 below it: a naïve reader costs 5 € more.\n\n"), std::string::npos);
    EXPECT_NE(document.text.find("- Wear gloves\n- Close the valve <first>\n- Call +49 30 1234\n\n"),
              std::string::npos);
    EXPECT_TRUE(
        document.text.ends_with("Part | Material | Weight\nHousing | cast iron | 12.5 kg\nRotor | bronze | 3 kg\n"
                                "Seal | rubber & felt | 0.1 kg\n\nLast words."));
    const Block& table = document.blocks[document.blocks.size() - 2];
    EXPECT_EQ(table.kind, BlockKind::kTable);
    EXPECT_EQ(table.heading, "Part | Material | Weight");
}

INSTANTIATE_TEST_SUITE_P(Office, TextFiles, ::testing::Values("docx", "odt", "rtf"));

class Spreadsheets : public ::testing::TestWithParam<const char*> {};

TEST_P(Spreadsheets, EveryCellOfEverySheetIsThere) {
    const std::string ending = GetParam();
    const auto extraction = extract(golden("office/stock." + ending), "stock");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, ending);
    EXPECT_NE(document.text.find(
                  "\n\nArticle | Count | Price | Ordered | Share\nEmber 9 | 12 | 1499.5 | 2024-03-01 | 25%\n"
                  "Frost, small | 7 | 89.9 | 1999-12-31 | 12.5%\n"
                  "Spare \"kit\" | 1030 | 0.1 | 2026-02-28 | 100%\nSum | 1049\n\nOld prices (hidden sheet)\n\n"),
              std::string::npos);
    EXPECT_NE(document.text.find("Table Stock: 4 rows, 5 columns\n"), std::string::npos);
    EXPECT_NE(document.text.find("\n\nYear | Price\n2022 | 1399\n2023 | 1449.25\n\nGrößen & Maße\n\n"),
              std::string::npos);
    EXPECT_TRUE(document.text.ends_with("\n\nMaß | Wert\nHöhe | 42"));
    EXPECT_EQ(document.blocks.back().page, 3);
}

INSTANTIATE_TEST_SUITE_P(Office, Spreadsheets, ::testing::Values("ods", "xlsx"));

class Presentations : public ::testing::TestWithParam<const char*> {};

TEST_P(Presentations, TitlesItemsTablesAndNotes) {
    const std::string ending = GetParam();
    const auto extraction = extract(golden("office/launch." + ending), "x");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, ending);
    EXPECT_EQ(document.title, "Ember 9 launch");
    EXPECT_EQ(document.text,
              "Ember 9 launch\n\n- Ready in May\n- Three <colours>\n\nNotes\n\nThank the team first.\n\nNumbers\n\n"
              "Region | Units\nNorth | 120\nSouth | 95\n\nQuestions?\n\n- Ask Ada\n\nNotes\n\nClose at noon.");
    EXPECT_EQ(headings(document), (Strings{"1 Ember 9 launch", "2 Notes", "1 Numbers", "1 Questions?", "2 Notes"}));
    EXPECT_EQ(document.blocks.back().page, 3);
}

INSTANTIATE_TEST_SUITE_P(Office, Presentations, ::testing::Values("odp", "pptx"));

TEST(SerialDates, FollowExcelsCalendars) {
    EXPECT_EQ(print_serial_date(45352, false), "2024-03-01");
    EXPECT_EQ(print_serial_date(45352.604166666664, false), "2024-03-01 14:30");
    EXPECT_EQ(print_serial_date(1, false), "1900-01-01");
    EXPECT_EQ(print_serial_date(61, false), "1900-03-01");
    EXPECT_EQ(print_serial_date(43890, true), "2024-03-01");
    EXPECT_EQ(print_serial_date(0.25, false), "06:00");
    EXPECT_EQ(print_serial_date(-1, false), "-1");
    EXPECT_EQ(print_serial_date(1e300, false), "1e+300");
    EXPECT_EQ(print_number(0.1 + 0.2), "0.3");
}

TEST(OdfRows, RepeatsAreWrittenOutWithinLimits) {
    const auto rows = [](std::string source) {
        pugi::xml_document tree;
        EXPECT_TRUE(xml::load(tree, source));
        return odf_rows(tree.document_element());
    };
    const auto good = rows(
        "<t><table-row number-rows-repeated='2'><table-cell number-columns-repeated='3'/><table-cell "
        "number-columns-repeated='2'><p>x</p></table-cell></table-row><table-row number-rows-repeated='1048000'/></t>");
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, (std::vector<Row>(2, Row{"", "", "", "x", "x"})));
    EXPECT_FALSE(
        rows("<t><table-row number-rows-repeated='100000'><table-cell number-columns-repeated='16000'><p>x</p>"
             "</table-cell></table-row></t>"));
}

TEST(WriteSheet, LinesAboveATableAreNoRows) {
    Document document;
    TextBuilder builder(document);
    write_sheet(builder, {"S", false, {{"Report 2024"}, {}, {"", "a", "b"}, {"", "1", "2"}}}, 1);
    EXPECT_EQ(document.text,
              "S\n\nReport 2024\n\nColumns and totals\n\nTable S: 1 row, 2 columns\na: numbers, 1 value, total a (sum) "
              "1, lowest 1, "
              "highest 1, average a (mean) 1\nb: numbers, 1 value, total b (sum) 2, lowest 2, highest 2, average b "
              "(mean) 2\n\na | b\n1 | 2");
}

TEST(ParseEpub, ChaptersStandInReadingOrder) {
    const auto extraction = extract(golden("book.epub"), "x");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "epub");
    EXPECT_EQ(document.title, "Herring & light");
    EXPECT_EQ(document.text, "The storm\n\nAt night\n\nNobody sleeps.\n\nThe lighthouse\n\nThe keeper counts herring.");
    EXPECT_EQ(headings(document), (Strings{"1 The storm", "2 At night", "1 The lighthouse"}));
}

TEST(ParseZip, DamagedPartsAreRefusedWithARemedy) {
    for (const char* name :
         {"office/manual.odt", "office/stock.xlsx", "office/launch.pptx", "office/stock.ods", "book.epub"}) {
        const std::string good = golden(name);
        const auto extraction = extract(good.substr(0, good.size() / 3), "x");
        ASSERT_TRUE(std::holds_alternative<Refusal>(extraction)) << name;
        EXPECT_FALSE(std::get<Refusal>(extraction).remedy.empty());
    }
}

}  // namespace
}  // namespace hearth::ingest
