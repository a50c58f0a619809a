#include "ingest/worker_reply.h"

#include <gtest/gtest.h>

#include <functional>

namespace hearth::ingest {
namespace {

Document sample() {
    Document document{"pdf", "Title", "Heading\n\nW\xC3\xB6rter", {}};
    document.blocks.push_back({BlockKind::kHeading, 2, 1, {0, 7}, "Heading"});
    document.blocks.push_back({BlockKind::kParagraph, 0, 3, {9, 16}, {}});
    return document;
}

std::string encode(const Document& document) {
    return encode_reply_head(Extraction(document)) + document.text;
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
}

TEST(WorkerReply, EveryTruncationIsCaught) {
    const std::string whole = encode(sample());
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_reply(whole.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace hearth::ingest
