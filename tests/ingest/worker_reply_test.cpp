#include "ingest/worker_reply.h"

#include <gtest/gtest.h>

#include <functional>

namespace hearth::ingest {
namespace {

Document sample() {
    Document document{"pdf", "Title", "Heading\n\nW\xC3\xB6rter", {}};
    document.blocks.push_back({BlockKind::kHeading, 2, 1, {0, 7}, "Heading"});
    document.blocks.push_back({BlockKind::kParagraph, 0, 3, {9, 16}, {}});
    for (const char* name : {"first", "second"}) {
        PackedTable table;
        table.name = name;
        table.page = 3;
        table.start = 9;
        table.end = 16;
        table.columns = {{"a", CellType::kText}, {"b", CellType::kNumber}};
        PackedRows rows(table.rows);
        rows.begin_row(2);
        rows.add_cell("x");
        rows.add_cell("12");
        table.row_count = 1;
        document.tables.push_back(std::move(table));
    }
    return document;
}

std::string encode(const Document& document) {
    return encode_reply(Extraction(document));
}

TEST(WorkerReply, ComesBackAsItWasSent) {
    const auto decoded = decode_reply(encode(sample()));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    Result<Extraction> copy = decoded;
    const auto& document = std::get<Document>(*copy);
    EXPECT_EQ(document.text, sample().text);
    EXPECT_EQ(document.title, "Title");
    ASSERT_EQ(document.blocks.size(), 2u);
    EXPECT_EQ(document.blocks[0].heading, "Heading");
    EXPECT_EQ(document.blocks[1].page, 3);
    ASSERT_EQ(document.tables.size(), 2u);
    EXPECT_EQ(document.tables[1].name, "second");
    EXPECT_EQ(document.tables[1].page, 3);
    EXPECT_EQ(document.tables[1].columns[1].type, CellType::kNumber);
    EXPECT_EQ(document.tables[1].rows, sample().tables[1].rows);
    const auto refused = decode_reply(encode_reply_head(Extraction(Refusal{"pdf", "why", "what"})));
    ASSERT_TRUE(refused.ok());
}

TEST(WorkerReply, EveryLieIsCaught) {
    const auto broken = [](const std::function<void(Document&)>& change) {
        Document document = sample();
        change(document);
        return !decode_reply(encode(document)).ok();
    };
    EXPECT_FALSE(broken([](Document&) {}));
    EXPECT_TRUE(broken([](Document& d) { d.type = "exe"; }));
    EXPECT_TRUE(broken([](Document& d) { d.blocks[1].span.end = 17; }));
    EXPECT_TRUE(broken([](Document& d) { d.blocks[1].span.start = 11; }));  // inside the o-umlaut
    EXPECT_TRUE(broken([](Document& d) { d.blocks[1].span.start = 6; }));
    EXPECT_TRUE(broken([](Document& d) { d.blocks[0].level = 7; }));
    EXPECT_TRUE(broken([](Document& d) { d.blocks[1].level = 7; }));
    EXPECT_TRUE(broken([](Document& d) { d.blocks[0].page = -2; }));
    EXPECT_TRUE(broken([](Document& d) { d.text += '\xFF'; }));
    EXPECT_TRUE(broken([](Document& d) { d.text += '\0'; }));
    EXPECT_TRUE(broken([](Document& d) { d.tables[0].row_count = 2; }));
    EXPECT_TRUE(broken([](Document& d) { d.tables[0].rows += 'x'; }));
    EXPECT_TRUE(broken([](Document& d) { d.tables[1].end = 17; }));
    EXPECT_TRUE(broken([](Document& d) { d.tables[1].start = 11; }));  // inside the o-umlaut
    EXPECT_TRUE(broken([](Document& d) { d.tables[1].columns.pop_back(); }));
    EXPECT_TRUE(broken([](Document& d) { d.tables[1].columns[0].type = static_cast<CellType>(4); }));
    EXPECT_TRUE(broken([](Document& d) { d.tables.resize(kMaxTables + 1, d.tables[0]); }));
}

TEST(WorkerReply, EveryTruncationIsCaught) {
    const std::string whole = encode(sample());
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_reply(whole.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace hearth::ingest
