#include "retrieval/corpus.h"

#include <gtest/gtest.h>

#include "support/corpus_fixture.h"

namespace hearth {
namespace {

using retrieval::DocumentState;
using test::CorpusFolder;

TEST(Corpus, AnAcknowledgedDocumentIsFoundByWordAndByMeaning) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("notes/boat.md", "The harbour master keeps the lighthouse.\n\nFish are sold at dawn.").ok());
    const auto hits = folder.search("lighthouse");
    ASSERT_FALSE(hits.empty());
    EXPECT_EQ(hits[0].document.path, "notes/boat.md");
    EXPECT_EQ(hits[0].document.collection, "notes");
    EXPECT_TRUE(hits[0].scores.bm25.has_value());
    EXPECT_TRUE(hits[0].scores.dense.has_value());
    EXPECT_EQ(folder.verify(), "");
}

TEST(Corpus, AHitsTextIsExactlyItsSpanOfTheDocument) {
    CorpusFolder folder;
    const std::string text = "Ärger über Öl.\n\nZweiter Absatz über Fische.\n\nDritter: Türme und Kähne.";
    ASSERT_TRUE(folder.put("a.md", text).ok());
    for (const auto& hit : folder.search("Fische Türme Öl")) {
        EXPECT_EQ(hit.text, text.substr(hit.chunk.span.start, hit.chunk.span.end - hit.chunk.span.start));
    }
}

TEST(Corpus, ReplacingAFileLeavesNoGhostAndKeepsItsIdentity) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "The password of the vault is zanzibar.").ok());
    const std::string id = folder.id_of("a.md");
    ASSERT_TRUE(folder.put("a.md", "The vault was closed in spring.").ok());
    EXPECT_FALSE(folder.finds("zanzibar"));
    EXPECT_TRUE(folder.finds("spring"));
    EXPECT_EQ(folder.id_of("a.md"), id);
    EXPECT_EQ(folder.verify(), "");
}

TEST(Corpus, ARenamedFileKeepsIdentityChunksAndVectors) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("old/a.md", "Quinces ripen late.").ok());
    const auto before = folder.search("quinces").at(0);
    ASSERT_TRUE(folder.corpus->rename_document("old/a.md", "new/b.md", {}).ok());
    const auto after = folder.search("quinces").at(0);
    EXPECT_EQ(after.document.path, "new/b.md");
    EXPECT_EQ(after.document.collection, "new");
    EXPECT_EQ(after.document.id, before.document.id);
    EXPECT_EQ(after.chunk.id, before.chunk.id);
    EXPECT_EQ(folder.verify(), "");
}

TEST(Corpus, RenamingOverAnotherFileRemovesTheOther) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Alpha otters.").ok());
    ASSERT_TRUE(folder.put("b.md", "Beta badgers.").ok());
    const std::string id = folder.id_of("a.md");
    ASSERT_TRUE(folder.corpus->rename_document("a.md", "b.md", {}).ok());
    EXPECT_EQ(folder.id_of("b.md"), id);
    EXPECT_FALSE(folder.finds("badgers"));
    EXPECT_EQ(folder.corpus->documents()->size(), 1u);
    EXPECT_EQ(folder.verify(), "");
}

TEST(Corpus, ARemovedFileIsGoneFromEverySearch) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Secret marmalade.").ok());
    ASSERT_TRUE(folder.put("b.md", "Public honey.").ok());
    ASSERT_TRUE(folder.corpus->remove_document("a.md").ok());
    EXPECT_FALSE(folder.finds("marmalade"));
    EXPECT_TRUE(folder.finds("honey"));
    EXPECT_EQ(folder.corpus->remove_document("a.md").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(folder.verify(), "");
}

TEST(Corpus, AFailureIsKeptWithItsReasonAndHidesTheOldText) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.pdf", "Readable walnuts.").ok());
    const std::string id = folder.id_of("a.pdf");
    retrieval::FailedFile failure;
    failure.path = "a.pdf";
    failure.type = "pdf";
    failure.content_sha256 = sha256_hex(std::string("broken"));
    failure.file = {6, 5, 4, 3, "reader 1"};
    failure.reason = "the file is encrypted";
    failure.remedy = "save it without a password";
    ASSERT_TRUE(folder.corpus->put_failure(failure).ok());
    folder.reopen();
    const auto status = folder.corpus->document(id);
    ASSERT_TRUE(status.ok());
    EXPECT_EQ(status->state, DocumentState::kFailed);
    EXPECT_EQ(status->reason, failure.reason);
    EXPECT_EQ(status->remedy, failure.remedy);
    EXPECT_EQ(status->content_sha256, failure.content_sha256);
    EXPECT_FALSE(folder.finds("walnuts"));
    EXPECT_EQ(folder.corpus->counts()->documents_failed, 1);
    EXPECT_EQ(folder.verify(), "");
    ASSERT_TRUE(folder.put("a.pdf", "Readable again: hazelnuts.").ok());
    EXPECT_EQ(folder.id_of("a.pdf"), id);
    EXPECT_EQ(folder.corpus->counts()->documents_failed, 0);
}

TEST(Corpus, TouchingChangesOnlyTheStat) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Stable text.").ok());
    const auto before = folder.search("stable").at(0);
    ASSERT_TRUE(folder.corpus->touch_document("a.md", {12, 77, 88, 99, "reader"}).ok());
    const auto file = folder.corpus->document(before.document.id)->file;
    EXPECT_EQ(file.size_bytes, 12);
    EXPECT_EQ(file.modified_ns, 77);
    EXPECT_EQ(file.changed_ns, 88);
    EXPECT_EQ(file.inode, 99u);
    EXPECT_EQ(file.read_with, "reader");
    EXPECT_EQ(folder.search("stable").at(0).chunk.id, before.chunk.id);
    EXPECT_EQ(folder.corpus->touch_document("none.md", {}).error().code, ErrorCode::kNotFound);
}

TEST(Corpus, NotesStayWithTheRecord) {
    CorpusFolder folder;
    EXPECT_EQ(*folder.corpus->note("folder"), "");
    ASSERT_TRUE(folder.corpus->set_note("folder", "1:2").ok());
    ASSERT_TRUE(folder.corpus->set_note("folder", "3:4").ok());
    folder.reopen();
    EXPECT_EQ(*folder.corpus->note("folder"), "3:4");
}

TEST(Corpus, GenerationRisesByOneWithEachChangeAndTellsTheListener) {
    CorpusFolder folder;
    int told = 0;
    folder.corpus->on_change([&] { ++told; });
    ASSERT_TRUE(folder.put("a.md", "One.").ok());
    ASSERT_TRUE(folder.corpus->rename_document("a.md", "b.md", {}).ok());
    ASSERT_TRUE(folder.corpus->remove_document("b.md").ok());
    ASSERT_FALSE(folder.corpus->remove_document("b.md").ok());
    EXPECT_EQ(folder.corpus->counts()->generation, 3);
    EXPECT_EQ(told, 3);
}

TEST(Corpus, WorkIsShownWithoutBeingWritten) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "One.").ok());
    folder.corpus->set_in_work("a.md", DocumentState::kProcessing);
    folder.corpus->set_in_work("new/b.md", DocumentState::kQueued);
    const auto documents = folder.corpus->documents();
    ASSERT_EQ(documents->size(), 2u);
    EXPECT_EQ((*documents)[0].state, DocumentState::kProcessing);
    EXPECT_EQ((*documents)[1].state, DocumentState::kQueued);
    EXPECT_EQ((*documents)[1].document.collection, "new");
    EXPECT_EQ(folder.corpus->documents("new")->size(), 1u);
    EXPECT_EQ(folder.corpus->counts()->documents_queued, 2);
    folder.corpus->clear_in_work("a.md");
    folder.corpus->clear_in_work("new/b.md");
    EXPECT_EQ(folder.corpus->counts()->documents_queued, 0);
    EXPECT_EQ(folder.corpus->documents()->size(), 1u);
}

TEST(Corpus, FiltersApplyInsideTheSearch) {
    CorpusFolder folder;
    // More matches outside the filter than either list is deep: a filter applied afterwards would find nothing.
    for (int i = 0; i < 150; ++i) {
        ASSERT_TRUE(folder.put("noise/" + std::to_string(i) + ".md", "granite granite granite").ok());
    }
    ASSERT_TRUE(folder.put("manuals/deep/pump.md", "granite is mentioned in passing by this long sentence").ok());
    const auto one = [&](retrieval::Query query) {
        query.text = "granite";
        const auto hits = folder.corpus->search(query);
        return hits.ok() && hits->size() == 1 && hits->at(0).document.path == "manuals/deep/pump.md" &&
               hits->at(0).scores.bm25.has_value() && hits->at(0).scores.dense.has_value();
    };
    EXPECT_TRUE(one({.collection = "manuals"}));
    EXPECT_TRUE(one({.path = "manuals/**"}));
    EXPECT_TRUE(one({.path = "**/p*.md"}));
    EXPECT_FALSE(one({.path = "manuals/*.md"}));
    EXPECT_FALSE(one({.collection = "manuals", .type = "pdf"}));
}

TEST(Corpus, LimitsAreNamedInTheError) {
    CorpusFolder folder;
    const auto error = [&](const retrieval::Query& query) { return folder.corpus->search(query).error(); };
    EXPECT_EQ(error({.text = "  "}).code, ErrorCode::kInvalidArgument);
    EXPECT_NE(error({.text = "a", .k = 0}).message.find("200"), std::string::npos);
    EXPECT_NE(error({.text = "a", .k = 201}).message.find("200"), std::string::npos);
    EXPECT_NE(error({.text = std::string(4097, 'a')}).message.find("4096"), std::string::npos);
    EXPECT_NE(error({.text = "a", .path = std::string(2000, '*')}).message.find("1024"), std::string::npos);
    EXPECT_TRUE(folder.corpus->search({.text = std::string(4096, 'a'), .k = 200}).ok());
}

TEST(Corpus, WordsStillFindThingsWhileTheEmbedderIsAway) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Persimmons keep well.").ok());
    folder.embedder.failing = true;
    const auto hits = folder.search("persimmons");
    ASSERT_EQ(hits.size(), 1u);
    EXPECT_FALSE(hits[0].scores.dense.has_value());
}

TEST(Corpus, AskingTheSameAgainDoesNotEmbedAgain) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Persimmons keep well.").ok());
    folder.search("persimmons");
    const int calls = folder.embedder.calls;
    folder.search("persimmons");
    EXPECT_EQ(folder.embedder.calls, calls);
}

TEST(Corpus, AQueryCannotBreakOutOfTheExpression) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "title: plums AND pears NEAR figs").ok());
    for (const char* text :
         {"\"", "plums\" OR \"", "title:plums", "NEAR(plums pears)", "plums AND", "(", "*", "^plums", "-plums",
          "{title} : plums", "plums + pears", "\"plums and\"*", "NOT", "';--", "\xff\xfe"}) {
        EXPECT_TRUE(folder.corpus->search({.text = text}).ok()) << text;
    }
}

TEST(Corpus, APassageShowsTheSurroundingsAtWholeCharacters) {
    CorpusFolder folder;
    std::string text;
    for (int i = 0; i < 40'000; ++i) text += "äöü";
    ASSERT_TRUE(folder.put("a.md", text).ok());
    const std::string id = folder.id_of("a.md");
    const retrieval::Span span{120'000, 120'006};
    for (std::size_t context = 0; context < 5; ++context) {
        const auto passage = folder.corpus->passage(id, span, context);
        ASSERT_TRUE(passage.ok()) << passage.error().message;
        const auto& window = passage->window;
        EXPECT_LE(window.start, span.start);
        EXPECT_GE(window.end, span.end);
        EXPECT_EQ(passage->text, text.substr(window.start, window.end - window.start));
        EXPECT_EQ(window.start % 2, 0u);
        EXPECT_EQ(window.end % 2, 0u);
    }
    EXPECT_EQ(folder.corpus->passage(id, {0, 0}, 10)->window.start, 0u);
    EXPECT_FALSE(folder.corpus->passage(id, {0, 0}, 10)->text.empty());
    EXPECT_EQ(folder.corpus->passage(id, {0, text.size() + 1}, 10).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(folder.corpus->passage("none", {0, 0}, 10).error().code, ErrorCode::kNotFound);
}

TEST(Corpus, AChunkIsReadBackByItsIdAndTheIdSurvivesIndexingTheSameBytesAgain) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Mulberries stain.").ok());
    const auto hit = folder.search("mulberries").at(0);
    ASSERT_TRUE(folder.put("a.md", "Mulberries stain.").ok());
    const auto again = folder.corpus->chunk(hit.chunk.id);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->text, "Mulberries stain.");
    EXPECT_EQ(folder.corpus->chunk("nothing").error().code, ErrorCode::kNotFound);
}

TEST(Corpus, WrongVersionsAreRefusedAndChangeNothing) {
    CorpusFolder folder;
    const auto good = test::version_of(folder.embedder, "a.md", "Grüße an alle.");
    const auto refused = [&](auto change) {
        auto version = good;
        change(version);
        const Status status = folder.put(version);
        return !status.ok() && status.error().code == ErrorCode::kInvalidArgument;
    };
    EXPECT_TRUE(refused([](auto& v) { v.vectors.pop_back(); }));
    EXPECT_TRUE(refused([](auto& v) { v.vectors.assign(v.vectors.size(), 0.5f); }));
    EXPECT_TRUE(refused([](auto& v) { v.vectors[0] = std::nanf(""); }));
    EXPECT_TRUE(refused([](auto& v) { v.chunks[0].span.end = 100; }));
    EXPECT_TRUE(refused([](auto& v) { v.chunks[0].span.start = 3; }));
    EXPECT_TRUE(refused([](auto& v) { v.path = "/etc/a.md"; }));
    EXPECT_TRUE(refused([](auto& v) { v.path = ""; }));
    auto without_blob = good;
    without_blob.content_sha256 = std::string(64, '0');
    EXPECT_EQ(folder.corpus->put_version(without_blob).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(folder.corpus->counts()->generation, 0);
    EXPECT_TRUE(folder.put(good).ok());
}

TEST(Corpus, ADocumentWithoutTextIsIndexedAndEmpty) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("empty.md", "").ok());
    EXPECT_EQ(folder.corpus->counts()->documents_indexed, 1);
    EXPECT_EQ(folder.corpus->passage(folder.id_of("empty.md"), {0, 0}, 100)->text, "");
    EXPECT_EQ(folder.verify(), "");
}

}  // namespace
}  // namespace hearth
