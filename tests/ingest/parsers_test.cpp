#include "ingest/extract/parsers.h"

#include <gtest/gtest.h>

#include "ingest/extract/charset.h"
#include "ingest/extract/zip.h"
#include "ingest/parsed.h"

namespace hearth::ingest {
namespace {

using test::block_text;
using test::document_of;
using test::extract;
using test::golden;
using test::reason;

TEST(ParseMarkdown, TextIsTheFileAndBlocksLieInIt) {
    const std::string text =
        "# One *two*\n\nPara a\nline two\n\n- i1\n- i2\n\n```cpp\nint x;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 "
        "|\n\nSub\n---\nend\n";
    const auto extraction = extract(text, "x.md");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.text, text);
    EXPECT_EQ(document.title, "One two");
    ASSERT_EQ(document.blocks.size(), 8u);
    EXPECT_EQ(document.blocks[0].kind, BlockKind::kHeading);
    EXPECT_EQ(block_text(document, 1), "Para a\nline two\n");
    EXPECT_EQ(document.blocks[2].kind, BlockKind::kListItem);
    EXPECT_EQ(block_text(document, 4), "```cpp\nint x;\n```\n");
    EXPECT_EQ(block_text(document, 5), "| a | b |\n|---|---|\n| 1 | 2 |\n");
    EXPECT_EQ(document.blocks[5].heading, "| a | b |");
    EXPECT_EQ(block_text(document, 6), "Sub\n---\n");
    EXPECT_EQ(document.blocks[6].level, 2);
}

TEST(ParseMarkdown, TitleComesFromTheFrontMatterFirst) {
    const auto extraction = extract("---\ntitle: \"Quoted\"\n---\n# Heading\n", "x.md");
    EXPECT_EQ(document_of(extraction).title, "Quoted");
    const auto plain = extract("no heading at all", "dir/notes.md");
    EXPECT_EQ(document_of(plain).title, "notes");
}

TEST(ParseText, EncodingsBecomeUtf8) {
    EXPECT_EQ(document_of(extract("gr\xC3\xBC\xC3\x9F", "a.txt")).text, "gr\xC3\xBC\xC3\x9F");
    EXPECT_EQ(document_of(extract(std::string("\xFF\xFEh\0i\0", 6), "a.txt")).text, "hi");
    EXPECT_EQ(document_of(extract(std::string("h\0e\0l\0l\0o\0 \0y\0o\0u\0", 18), "a.txt")).text, "hello you");
    EXPECT_EQ(document_of(extract("Die Stra\xDF"
                                  "e f\xFChrt \xFC"
                                  "ber die Br\xFC"
                                  "cke nach M\xFCnchen.",
                                  "a.txt"))
                  .text,
              "Die Stra\xC3\x9F"
              "e f\xC3\xBChrt \xC3\xBC"
              "ber die Br\xC3\xBC"
              "cke nach M\xC3\xBCnchen.");
    const std::string bom = "\xEF\xBB\xBFwords";
    EXPECT_EQ(document_of(extract(bom, "a.txt")).text, bom);
}

TEST(ParseText, BlankLinesSeparateBlocks) {
    const auto extraction = extract("a\nb\n\n \nc\n", "a.txt");
    const Document& document = document_of(extraction);
    ASSERT_EQ(document.blocks.size(), 2u);
    EXPECT_EQ(block_text(document, 0), "a\nb");
    EXPECT_EQ(document.type, "text");
}

TEST(Sniff, ContentDecidesBeforeTheName) {
    EXPECT_EQ(sniff("<!DOCTYPE html><p>x", "a.md").kind, FileKind::kHtml);
    EXPECT_EQ(sniff("%PDF-1.7", "a.txt").kind, FileKind::kPdf);
    EXPECT_EQ(sniff("# A\n\n[x](y)\n", "README").kind, FileKind::kMarkdown);
    EXPECT_EQ(sniff("# comment\nx = 1\n", "a.py").kind, FileKind::kCode);
    EXPECT_EQ(sniff("words", "a.md").kind, FileKind::kMarkdown);
}

TEST(Sniff, RefusalsNameReasonAndRemedy) {
    for (const auto& [bytes, name] :
         std::vector<std::pair<std::string, std::string>>{{"", "a.md"},
                                                          {"\x89PNG\r\n\x1A\n", "a.png"},
                                                          {std::string("ab\0\x01\x02", 5), "a.txt"},
                                                          {" \n\t ", "b.txt"}}) {
        const auto extraction = extract(bytes, name);
        ASSERT_TRUE(std::holds_alternative<Refusal>(extraction)) << name;
        EXPECT_FALSE(std::get<Refusal>(extraction).reason.empty());
        EXPECT_FALSE(std::get<Refusal>(extraction).remedy.empty());
    }
}

TEST(ParseHtml, KeepsContentAndDropsFurniture) {
    const auto extraction = extract(
        "<html><head><title>T &amp; x</title><style>no</style></head><body><nav>no</nav><header>no</header>"
        "<article><header><h1>Hi</h1></header><p>para <b>bold</b>\n x<ul><li>one<li>two</ul>"
        "<table><tr><th>a<th>b<tr><td>c<td>d</table><pre>code\n  "
        "x</pre></article><script>no</script><footer>no</footer>",
        "a.html");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.text, "Hi\n\npara bold x\n\n- one\n- two\n\na | b\nc | d\n\ncode\n  x");
    EXPECT_EQ(document.title, "T & x");
    EXPECT_EQ(document.blocks[0].heading, "Hi");
    EXPECT_EQ(document.blocks[4].kind, BlockKind::kTable);
    EXPECT_EQ(document.blocks[4].heading, "a | b");
}

TEST(ParseHtml, LayoutTablesAndNavigationOnlyPagesKeepTheirWords) {
    EXPECT_EQ(document_of(extract("<html><table><tr><td><h2>In</h2><p>side</table>", "a.html")).text, "In\n\nside");
    EXPECT_EQ(document_of(extract("<html><nav>only this</nav>", "a.html")).text, "only this");
}

TEST(ParseHtml, LabelsMeanWhatBrowsersTakeThemFor) {
    const auto text = [](const std::string& label) {
        const auto extraction =
            extract("<html><meta charset=\"" + label + "\"><p>\x93quoted\x94 caf\xE9 \x80 5", "a.html");
        return document_of(extraction).text;
    };
    const std::string expected = "\u201Cquoted\u201D caf\u00E9 \u20AC 5";
    for (const char* label : {"ISO-8859-1", "latin1", "us-ascii", "windows-1252"}) EXPECT_EQ(text(label), expected);
    EXPECT_EQ(document_of(extract("<html><meta charset=utf-16><p>plain words", "a.html")).text, "plain words");
    EXPECT_NE(text("utf-16le").find("quoted"), std::string::npos);
}

TEST(ParseHtml, DeepNestingIsRead) {
    std::string page = "<html>";
    for (int i = 0; i < 10000; ++i) page += "<div>";
    EXPECT_EQ(document_of(extract(page + "deep", "a.html")).text, "deep");
}

TEST(ParseHtml, HiddenTagCharactersAreDropped) {
    EXPECT_EQ(document_of(extract("<html><p>a\xF3\xA0\x81\x81\xF3\xA0\x80\xA0z", "a.html")).text, "az");
}

TEST(ParseDocx, ReadsHeadingsListsAndTables) {
    const auto extraction = extract(golden("travel.docx"), "travel.docx");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.title, "Travel rules");
    EXPECT_EQ(document.text,
              "Booking\n\nBook trains at least two weeks ahead.\n\nLimits\n\n- Hotel: 120 euro\n- Meals: 28 euro\n\n"
              "City | Rate\nParis | 160\n\n\xC3\x9C"
              "bernachtung nur mit Beleg.");
    EXPECT_EQ(document.blocks[0].level, 1);
    EXPECT_EQ(document.blocks[2].level, 2);
}

TEST(ParseDocx, DamagedAndForeignArchivesAreRefused) {
    const std::string good = golden("travel.docx");
    EXPECT_FALSE(reason(extract(good.substr(0, good.size() / 2), "a.docx")).empty());
    EXPECT_FALSE(reason(extract(std::string("PK\x03\x04", 4) + std::string(200, 'x'), "a.docx")).empty());
}

TEST(ReadZip, LimitsHold) {
    const std::string good = golden("travel.docx");
    const auto nothing = [](std::string_view) { return false; };
    const auto body = [](std::string_view name) { return name == "word/document.xml"; };
    ZipLimits limits;
    limits.entries = 2;
    EXPECT_EQ(read_zip(good, nothing, limits).error().code, ErrorCode::kResourceExhausted);
    limits = {};
    limits.entry_bytes = 100;
    EXPECT_EQ(read_zip(good, body, limits).error().code, ErrorCode::kResourceExhausted);
    limits = {};
    limits.ratio = 0;
    limits.ratio_floor = 100;
    EXPECT_EQ(read_zip(good, body, limits).error().code, ErrorCode::kResourceExhausted);
}

TEST(ParsePdfText, JoinsHyphensAndDropsRunningLines) {
    std::string text;
    for (int page = 1; page <= 5; ++page) {
        const std::string side(1, static_cast<char>('a' + page));
        text += "Annual Report\n\nSide " + side + " of the docu-\nment.\nX-\nRay " + side + " stays.\n\n" +
                std::to_string(page) + "\n\f";
    }
    const auto extraction = parse_pdf_text(text, "Title:   Report\nPages: 5\n");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.title, "Report");
    ASSERT_EQ(document.blocks.size(), 5u);
    EXPECT_EQ(block_text(document, 0), "Side b of the document.\nX-\nRay b stays.");
    EXPECT_EQ(document.blocks[4].page, 5);
}

TEST(ParsePdfText, KeepsRowsOfFiguresAtThePagesEdges) {
    std::string text;
    for (int page = 1; page <= 5; ++page) {
        text += "Annual Report 2024 - page " + std::to_string(page + 11) + " of 16\n\n";
        for (int row = 0; row < 8; ++row)
            text += std::to_string(page * 137 + row * 31) + "  " + std::to_string(page * page * 7 + row) + "\n";
        text += "\f";
    }
    const auto extraction = parse_pdf_text(text, "");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.text.find("Annual"), std::string::npos);
    for (int page = 1; page <= 5; ++page) {
        for (int row = 0; row < 8; ++row) {
            const std::string words =
                std::to_string(page * 137 + row * 31) + "  " + std::to_string(page * page * 7 + row);
            EXPECT_NE(document.text.find(words), std::string::npos) << words;
        }
    }
}

TEST(ParsePdfText, HeadingsAreNumberedInOrder) {
    const auto extraction = parse_pdf_text(
        "1 Introduction . . . . . . 2\n1.1 Scope . . . . . . . . . 3\n2 Care....... 9\n\n2.1\n2.2\n\f"
        "1 Introduction\n\nSome words.\n1.1 Scope\nIt is wide, see\n1.9 Litres in all\nof it.\n\n"
        "12 Paris\n\n3 Rome\n\n1.2\n\nLimits of it\n\n3.5 Volts at most\n\n2 Care\n\n2.1.1 Oil\nDaily.\n\n"
        "4 Left out\n\f",
        "");
    EXPECT_EQ(
        test::headings(document_of(extraction)),
        (std::vector<std::string>{"1 1 Introduction", "2 1.1 Scope", "2 1.2 Limits of it", "1 2 Care", "3 2.1.1 Oil"}));
    EXPECT_TRUE(
        document_of(extraction).text.starts_with("1 Introduction \u2026 2\n1.1 Scope \u2026 3\n2 Care \u2026 9"));
    EXPECT_NE(document_of(extraction).text.find("1.9 Litres in all\nof it."), std::string::npos);
}

TEST(ParsePdfText, AnEmptyTextLayerIsRefusedWithARemedy) {
    const auto extraction = parse_pdf_text("\f\f", "");
    ASSERT_TRUE(std::holds_alternative<Refusal>(extraction));
    EXPECT_NE(std::get<Refusal>(extraction).reason.find("no text layer"), std::string::npos);
}

}  // namespace
}  // namespace hearth::ingest
