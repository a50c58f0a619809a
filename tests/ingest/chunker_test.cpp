#include "ingest/chunker.h"

#include <gtest/gtest.h>

#include <random>

#include "core/utf8.h"
#include "ingest/extract/parsers.h"
#include "ingest/sentences.h"
#include "support/fake_sink.h"

namespace hearth::ingest {
namespace {

Document markdown(const std::string& text) {
    return std::get<Document>(parse_markdown(text));
}

std::string words(int count, const std::string& word = "word") {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i ? " " : "") + word + std::to_string(i) + (i % 12 == 11 ? "." : "");
    return text;
}

std::vector<std::string> texts(const Document& document, const std::vector<Chunk>& chunks) {
    std::vector<std::string> out;
    for (const auto& chunk : chunks)
        out.push_back(document.text.substr(chunk.span.start, chunk.span.end - chunk.span.start));
    return out;
}

std::vector<Chunk> chunk(const Document& document, int target = 200, int max = 254, int overlap = 32) {
    return chunk_document(document, test::WordCounter(max), {target, max, overlap});
}

TEST(Chunker, KeepsAShortDocumentWhole) {
    const Document document = markdown("# Title\n\nA few words.\n\nMore words.\n");
    const auto chunks = chunk(document);
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_EQ(texts(document, chunks)[0], "# Title\n\nA few words.\n\nMore words.");
    EXPECT_EQ(chunks[0].heading, "Title");
    EXPECT_EQ(chunks[0].tokens, 7);
}

TEST(Chunker, CutsAtHeadingsAndNamesThePath) {
    const Document document = markdown("# Title\n\n" + words(60) + "\n\n## First\n\n" + words(60) + "\n\n### Deep\n\n" +
                                       words(60) + "\n\n## Second\n\n" + words(60));
    const auto chunks = chunk(document);
    ASSERT_EQ(chunks.size(), 4u);
    EXPECT_EQ(chunks[0].heading, "Title");
    EXPECT_EQ(chunks[1].heading, "Title > First");
    EXPECT_EQ(chunks[2].heading, "Title > First > Deep");
    EXPECT_EQ(chunks[3].heading, "Title > Second");
    EXPECT_TRUE(texts(document, chunks)[1].starts_with("## First"));
}

TEST(Chunker, HeadingAndBodyTogetherFitTheEmbedder) {
    const std::string deep = "## " + words(30, "section") + "\n\n### " + words(30, "part") + "\n\n";
    const Document document = markdown("# " + words(40, "title") + "\n\n" + deep + words(900));
    const test::WordCounter counter;
    constexpr int kMax = 100;
    const auto chunks = chunk(document, 90, kMax, 16);
    ASSERT_GT(chunks.size(), 8u);
    for (const Chunk& each : chunks) {
        const auto heading = static_cast<int>(counter.token_spans(each.heading).size());
        EXPECT_LE(heading, kMax / 4);
        EXPECT_LE(heading + each.tokens, kMax) << each.heading;
        EXPECT_GT(heading, 0);
    }
}

TEST(Chunker, TinySectionsJoinUnderWhatTheyShare) {
    const Document document = markdown("# T\n\n## A\n\nfew\n\n## B\n\nwords\n");
    const auto chunks = chunk(document);
    ASSERT_EQ(chunks.size(), 1u);
    EXPECT_EQ(chunks[0].heading, "T");
}

TEST(Chunker, SplitsALongParagraphAtSentencesWithOverlap) {
    const Document document = markdown(words(600));
    const auto chunks = chunk(document);
    ASSERT_GE(chunks.size(), 3u);
    for (std::size_t i = 1; i < chunks.size(); ++i) {
        EXPECT_LT(chunks[i].span.start, chunks[i - 1].span.end) << "no overlap";
        EXPECT_GT(chunks[i].span.end, chunks[i - 1].span.end);
        EXPECT_LE(chunks[i].tokens, 254);
        EXPECT_EQ(document.text[chunks[i - 1].span.end - 1], '.');
    }
}

TEST(Chunker, KeepsATableTogetherWhenItFits) {
    std::string table = "| a | b |\n|---|---|\n";
    for (int i = 0; i < 40; ++i) table += "| x | y |\n";  // 210 words: over the target, under the limit
    const Document document = markdown("# T\n\n" + words(100) + "\n\n" + table);
    const auto chunks = chunk(document);
    ASSERT_EQ(chunks.size(), 2u);
    EXPECT_TRUE(texts(document, chunks)[1].starts_with("| a | b |"));
}

TEST(Chunker, PagesAreNotMixed) {
    Document document{"pdf", "T", "", {}};
    for (int page = 1; page <= 3; ++page) {
        const std::size_t start = document.text.size();
        document.text += words(40);
        document.blocks.push_back({BlockKind::kParagraph, 0, page, {start, document.text.size()}, {}});
        document.text += "\n\n";
    }
    const auto chunks = chunk(document);
    ASSERT_EQ(chunks.size(), 3u);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(chunks[i].page, i + 1);
}

TEST(Chunker, TextWithoutBlanksStillEnds) {
    const Document document{"text", "T", std::string(100'000, 'x'), {}};
    std::size_t covered = 0;
    for (const auto& piece : chunk(document)) {
        EXPECT_LE(piece.span.end - piece.span.start, ChunkLimits{}.max_bytes);
        EXPECT_LE(piece.span.start, covered);
        covered = piece.span.end;
    }
    EXPECT_EQ(covered, document.text.size());
}

std::string random_text(std::mt19937& random) {
    static const std::vector<std::string> kPieces = {"word ",
                                                     "Sentence ends. ",
                                                     "\n",
                                                     "\n\n",
                                                     "# Heading\n",
                                                     "## Sub\n\n",
                                                     "- item\n",
                                                     "```\ncode line\n```\n",
                                                     "| a | b |\n|---|---|\n| c | d |\n",
                                                     "\xC3\xBC\xC3\xA4 ",
                                                     "\xE6\xBC\xA2\xE5\xAD\x97\xE3\x80\x82",
                                                     "   ",
                                                     "> quote\n",
                                                     "x",
                                                     "J. Doe said so! ",
                                                     "\t",
                                                     "Setext\n======\n",
                                                     "<b>html</b>\n",
                                                     "\xF0\x9F\x98\x80"};
    std::string text;
    const int count = static_cast<int>(random() % 400);
    for (int i = 0; i < count; ++i) text += kPieces[random() % kPieces.size()];
    return text;
}

TEST(Chunker, CoversEveryWordAndKeepsItsLimits) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const Document document = markdown(random_text(random));
        const int max = 4 + static_cast<int>(random() % 60);
        const auto chunks = chunk(document, 1 + static_cast<int>(random() % max), max, static_cast<int>(random() % 16));
        std::vector<bool> covered(document.text.size(), false);
        std::size_t last_start = 0;
        std::size_t last_end = 0;
        for (const auto& piece : chunks) {
            ASSERT_LT(piece.span.start, piece.span.end);
            ASSERT_LE(piece.span.end, document.text.size());
            EXPECT_GE(piece.span.start, last_start);
            EXPECT_GT(piece.span.end, last_end);
            EXPECT_LE(piece.tokens, max);
            const auto text = document.text.substr(piece.span.start, piece.span.end - piece.span.start);
            EXPECT_TRUE(is_valid_utf8(text));
            EXPECT_FALSE(is_blank(text.front()) || is_blank(text.back()));
            std::fill(covered.begin() + static_cast<long>(piece.span.start),
                      covered.begin() + static_cast<long>(piece.span.end), true);
            last_start = piece.span.start;
            last_end = piece.span.end;
        }
        for (std::size_t i = 0; i < covered.size(); ++i) {
            ASSERT_TRUE(covered[i] || is_blank(document.text[i])) << "byte " << i << " is in no chunk";
        }
    }
}

}  // namespace
}  // namespace hearth::ingest
