// Delimited files and what is said about a table.
#include "ingest/extract/table.h"

#include <gtest/gtest.h>

#include "ingest/chunker.h"
#include "ingest/extract/delimited.h"
#include "ingest/parsed.h"
#include "support/fake_sink.h"

namespace hearth::ingest {
namespace {

using test::document_of;
using test::extract;

TEST(FindDialect, TheDelimiterIsTheOneThatGivesEqualRows) {
    EXPECT_EQ(find_dialect("a;b;c\n1,5;2;3\n4,5;5;6\n").delimiter, ';');
    EXPECT_EQ(find_dialect("a\tb\n1, or so\t2\n").delimiter, '\t');
    EXPECT_EQ(find_dialect("a|b|c\n1|2|3\n").delimiter, '|');
    EXPECT_EQ(find_dialect("name,note\nAda,\"one;two;three\"\nBob,\"four;five;six\"\n").delimiter, ',');
    const Dialect said = find_dialect("sep=;\na;b\n1;2\n");
    EXPECT_EQ(said.delimiter, ';');
    EXPECT_EQ(said.start, 6u);
}

TEST(DelimitedReader, QuotesHoldDelimitersQuotesAndLineEnds) {
    DelimitedReader reader("a,\"b, \"\"c\"\"\nd\",e\r\n,,\n1,2,3", ',');
    Row row;
    ASSERT_TRUE(reader.next(row));
    EXPECT_EQ(row, (Row{"a", "b, \"c\" d", "e"}));
    ASSERT_TRUE(reader.next(row));
    EXPECT_EQ(row, (Row{"1", "2", "3"}));
    EXPECT_FALSE(reader.next(row));
}

TEST(HasHeader, WordsAboveFiguresAreOneAndEqualRowsAreNot) {
    EXPECT_TRUE(has_header({{"city", "rate"}, {"Paris", "160"}}));
    EXPECT_TRUE(has_header({{"city", "country"}, {"Paris", "France"}, {"Rome", "Italy"}}));
    EXPECT_FALSE(has_header({{"1", "2"}, {"3", "4"}}));
    EXPECT_FALSE(has_header({{"yes", "no"}, {"no", "yes"}, {"yes", "no"}}));
    EXPECT_FALSE(has_header({{"city", "city"}, {"Paris", "160"}}));
}

TEST(ParseCsv, TotalsStandInAPartOfTheirOwn) {
    const auto extraction = extract("city,rate,code\nParis,160.50,007\nRome,120.25,011\nOslo,,015\n", "rates.csv");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "csv");
    EXPECT_EQ(document.title, "rates");
    EXPECT_EQ(
        document.text,
        "Columns and totals\n\nTable: 3 rows, 3 columns\ncity: text, 3 values, 3 different\n"
        "rate: numbers, 2 values, total rate (sum) 280.75, lowest 120.25, highest 160.5, average rate (mean) 140.375\n"
        "code: text, 3 values, 3 different\n\ncity | rate | code\nParis | 160.50 | 007\nRome | 120.25 | 011\n"
        "Oslo |  | 015");
    EXPECT_EQ(document.blocks.back().kind, BlockKind::kTable);
    EXPECT_EQ(document.blocks.back().heading, "city | rate | code");
}

TEST(ParseCsv, ARowOfTotalsIsNotAddedToItself) {
    const auto extraction = extract("part,count,price\nrotor,3,1.5\nseal,4,0.5\nall,7,\n", "a.csv");
    EXPECT_NE(document_of(extraction)
                  .text.find("\nThe last row holds the totals of the others and is left out below.\n"
                             "part: text, 2 values, 2 different\ncount: numbers, 2 values, total count (sum) 7,"),
              std::string::npos);
    EXPECT_EQ(document_of(extract("a,b\nx,1\ny,2\nz,4\n", "a.csv")).text.find("totals of the others"),
              std::string::npos);
}

TEST(ParseCsv, ColumnsWithAFewGapsInWordsStillAddUp) {
    const auto extraction = extract("part,price,note\na,1,x\nb,n/a,3\nc,-2,y\nd,-4,z\n", "a.csv");
    EXPECT_NE(
        document_of(extraction)
            .text.find("\nprice: numbers in 3 of 4 values (the others are left out), total price (sum) -5, lowest -4, "
                       "highest 1, average price (mean) -1.666667\nnote: text, 4 values, 4 different\n"),
        std::string::npos);
}

TEST(ParseCsv, AColumnOfDatesSaysFromWhenToWhen) {
    const auto text = [](const std::string& last) {
        return document_of(extract("day,n\n2024-03-01,1\n2023-12-31 23:59,2\n" + last + ",5\n", "a.csv")).text;
    };
    EXPECT_NE(text("2024-02-29").find("\nday: dates, 3 values, earliest 2023-12-31 23:59, latest 2024-03-01\n"),
              std::string::npos);
    for (const char* other : {"2024-13-01", "2024-00-10", "2024-01-32", "2024-1-1", "2024-01-01x",
                              "2024-01-01 10:00+02:00", "2024-01-01 or so"})
        EXPECT_NE(text(other).find("\nday: text, 3 values, 3 different\n"), std::string::npos) << other;
}

/// Ten thousand cents added up as doubles miss the last digit.
TEST(ParseCsv, SumsAreExact) {
    std::string bytes = "id,amount\n";
    for (int i = 0; i < 10'000; ++i) bytes += "n" + std::to_string(i) + ",99999999.01\n";
    EXPECT_NE(document_of(extract(bytes, "a.csv"))
                  .text.find("10000 values, total amount (sum) 999999990100, lowest 99999999.01,"),
              std::string::npos);
}

const std::string kOrders =
    "<html><p>Before<table><caption>Orders</caption><tr><th>day<th>paid<tr><td>Mon<td>0.10<tr><td>Tue<td>0.20<tr><td>"
    "Wed<td>1,000.05<tr><td>Thu<td>3<tr><td>Fri<td>2";

TEST(WriteRows, FiguresInsideTextAreAddedUpBeneathThem) {
    EXPECT_EQ(document_of(extract(kOrders + "</table><p>After", "a.html")).text,
              "Before\n\nOrders\n\nday | paid\nMon | 0.10\nTue | 0.20\nWed | 1,000.05\nThu | 3\nFri | 2\n\n"
              "Table Orders: 5 rows, 2 columns\nday: text, 5 values, 5 different\n"
              "paid: numbers, 5 values, total paid (sum) 1005.35, lowest 0.1, highest 1000.05, average paid (mean) "
              "201.07\n\nAfter");
}

TEST(WriteRows, NothingIsSaidWhereColumnsAreUncertain) {
    const auto text = [](const std::string& html) { return document_of(extract(html, "a.html")).text; };
    EXPECT_EQ(text(kOrders + "<tr><td colspan=2>9</table>").find("sum"), std::string::npos);
    std::string few = "<html><table><tr><th>a<th>b", words = few, bare = "<html><table>";
    for (int i = 0; i < 4; ++i) few += "<tr><td>x" + std::to_string(i) + "<td>1";
    for (int i = 0; i < 6; ++i) words += "<tr><td>x" + std::to_string(i) + "<td>y";
    for (int i = 0; i < 6; ++i) bare += "<tr><td>" + std::to_string(i) + "<td>1";
    for (const auto& html : {few, words, bare}) EXPECT_EQ(text(html).find("Table"), std::string::npos) << html;
}

TEST(ParseCsv, EveryPassageOfALongTableKnowsItsColumns) {
    std::string bytes = "name\tamount\n";
    for (int i = 0; i < 500; ++i) bytes += "item" + std::to_string(i) + "\t" + std::to_string(i) + "\n";
    const auto extraction = extract(bytes, "stock.tsv");
    const Document& document = document_of(extraction);
    EXPECT_NE(document.text.find("amount: numbers, 500 values, total amount (sum) 124750,"), std::string::npos);
    const auto chunks = chunk_document(document, test::WordCounter(254), {200, 254, 32});
    ASSERT_GT(chunks.size(), 3u);
    EXPECT_EQ(chunks[0].heading, "stock > Columns and totals");
    EXPECT_EQ(chunks[1].heading, "stock");
    for (std::size_t i = 2; i < chunks.size(); ++i) EXPECT_EQ(chunks[i].heading, "stock > name | amount");
}

TEST(ParseCsv, RowsOfAnyWidthKeepTheirWords) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) bytes += "a,b\n";
    bytes += "c,d,\"late, wide\"\n";
    const auto extraction = extract(bytes, "x.csv");
    EXPECT_TRUE(document_of(extraction).text.ends_with("c | d late, wide"));
    EXPECT_NE(document_of(extraction).text.find("column 1"), std::string::npos);
}

TEST(Sniff, TablesAreKnownByTheirRows) {
    EXPECT_EQ(sniff("a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "export").kind, FileKind::kCsv);
    EXPECT_EQ(
        sniff("Well, then, he said.\nYes, she said, and left, too.\nSo, it, was.\nAll, of, it.\n", "tale.txt").kind,
        FileKind::kText);
}

}  // namespace
}  // namespace hearth::ingest
