// What a restart finds: the same answers, whatever happened to the files that only speed things up.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/sqlite.h"
#include "support/corpus_fixture.h"

namespace hearth {
namespace {

using test::CorpusFolder;

std::string describe(const std::vector<retrieval::Hit>& hits) {
    std::string out;
    for (const auto& hit : hits) {
        out += hit.chunk.id + " " + std::to_string(hit.score) + " " + std::to_string(hit.scores.dense.value_or(-2)) +
               " " + hit.text + "\n";
    }
    return out;
}

void fill(CorpusFolder& folder) {
    for (int i = 0; i < 30; ++i) {
        const std::string name = std::to_string(i);
        ASSERT_TRUE(folder
                        .put("d/" + name + ".md", "Barrels of cider number " + name + ".\n\nStored in cellar c" + name +
                                                      " near the barrels.")
                        .ok());
    }
}

std::vector<std::string> index_files(const CorpusFolder& folder) {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder.directory.path("data/index"))) {
        files.push_back(entry.path().string());
    }
    return files;
}

TEST(CorpusRecovery, AReopenedCorpusGivesTheSameAnswers) {
    CorpusFolder folder;
    fill(folder);
    const std::string before = describe(folder.search("barrels of cider", 50));
    folder.reopen();
    EXPECT_EQ(describe(folder.search("barrels of cider", 50)), before);
    ASSERT_TRUE(folder.corpus->maintain().ok());
    EXPECT_EQ(index_files(folder).size(), 1u);
    folder.reopen();
    EXPECT_EQ(describe(folder.search("barrels of cider", 50)), before);
    EXPECT_EQ(folder.verify(), "");
}

TEST(CorpusRecovery, ChangesAfterASnapshotAreReplayed) {
    CorpusFolder folder;
    fill(folder);
    ASSERT_TRUE(folder.corpus->maintain().ok());
    ASSERT_TRUE(folder.corpus->remove_document("d/3.md").ok());
    ASSERT_TRUE(folder.put("d/4.md", "Replaced by perry.").ok());
    ASSERT_TRUE(folder.put("d/new.md", "Fresh quinces.").ok());
    const std::string before = describe(folder.search("barrels perry quinces", 60));
    folder.reopen();
    EXPECT_EQ(describe(folder.search("barrels perry quinces", 60)), before);
    EXPECT_EQ(folder.verify(), "");
}

TEST(CorpusRecovery, ADamagedSnapshotIsNoticedAndRebuilt) {
    CorpusFolder folder;
    fill(folder);
    const std::string before = describe(folder.search("barrels of cider", 50));
    for (const std::uintmax_t place : {0u, 9u, 20u, 40u, 900u, 5000u}) {
        ASSERT_TRUE(folder.put("d/0.md", "Barrels of cider number 0.\n\nStored in cellar c0 near the barrels.").ok());
        ASSERT_TRUE(folder.corpus->maintain().ok());
        folder.corpus.reset();
        for (const std::string& file : index_files(folder)) {
            std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
            bytes.seekg(static_cast<std::streamoff>(place));
            const char old = static_cast<char>(bytes.get());
            bytes.seekp(static_cast<std::streamoff>(place));
            bytes.put(static_cast<char>(old ^ 0x10));
        }
        folder.reopen();
        EXPECT_EQ(folder.verify(), "");
        EXPECT_EQ(folder.search("barrels of cider", 50).size(), 30u);
    }
    for (const std::string& file : index_files(folder)) std::filesystem::resize_file(file, 10);
    folder.reopen();
    EXPECT_EQ(folder.verify(), "");
    for (const std::string& file : index_files(folder)) std::filesystem::remove(file);
    folder.reopen();
    EXPECT_EQ(folder.verify(), "");
    EXPECT_EQ(folder.search("barrels of cider", 50).size(), 30u);
}

TEST(CorpusRecovery, VerifyNamesADamagedBlob) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Precious bytes.").ok());
    const std::string sha256 = sha256_hex(std::string("Precious bytes."));
    const std::string blob = folder.directory.path("data/blobs/" + sha256.substr(0, 2) + "/" + sha256);
    ASSERT_TRUE(atomic_write_file(blob, "Other bytes.").ok());
    EXPECT_NE(folder.verify().find("a.md"), std::string::npos);
}

TEST(CorpusRecovery, VerifyNamesWhatIsMissingInTheRecord) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "One chunk.").ok());
    folder.corpus.reset();
    {
        auto database = Database::open_writer(folder.directory.path("data/record.db"));
        ASSERT_TRUE(database.ok());
        ASSERT_TRUE(database->execute("DELETE FROM vectors; UPDATE chunks SET end = 1000").ok());
    }
    folder.reopen();
    const std::string mismatches = folder.verify();
    EXPECT_NE(mismatches.find("without a vector"), std::string::npos);
    EXPECT_NE(mismatches.find("outside the text"), std::string::npos);
}

/// The words of the other documents stay findable, and nothing of the damaged one is left.
void expect_removable_after(const char* damage) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Damaged aubergines.").ok());
    ASSERT_TRUE(folder.put("b.md", "Sound beetroots.").ok());
    folder.corpus.reset();
    {
        auto database = Database::open_writer(folder.directory.path("data/record.db"));
        ASSERT_TRUE(database.ok());
        ASSERT_TRUE(database->execute(damage).ok());
    }
    folder.reopen();
    ASSERT_NE(folder.verify(), "");
    ASSERT_TRUE(folder.put("a.md", "Fresh artichokes.").ok());
    EXPECT_TRUE(folder.finds("artichokes"));
    EXPECT_TRUE(folder.finds("beetroots"));
    EXPECT_EQ(folder.verify(), "");
    ASSERT_TRUE(folder.corpus->remove_document("a.md").ok());
    EXPECT_EQ(folder.verify(), "");
}

TEST(CorpusRecovery, ATextThatIsGoneDoesNotKeepItsDocumentAlive) {
    expect_removable_after("DELETE FROM pieces WHERE version = 1");
}

TEST(CorpusRecovery, ATextThatWasAlteredDoesNotKeepItsDocumentAlive) {
    expect_removable_after("UPDATE pieces SET bytes = CAST('Ruined aubergines..' AS BLOB) WHERE version = 1");
}

TEST(CorpusRecovery, ARecordOfTheFirstFormatIsBroughtUpToDate) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Old but good.").ok());
    folder.corpus.reset();
    {
        auto database = Database::open_writer(folder.directory.path("data/record.db"));
        ASSERT_TRUE(database.ok());
        for (const char* column : {"changed_ns", "inode", "read_with"}) {
            ASSERT_TRUE(database->execute(std::string("ALTER TABLE documents DROP COLUMN ") + column).ok());
        }
        ASSERT_TRUE(database->execute("DROP TABLE data_tables; PRAGMA user_version = 1").ok());
    }
    folder.reopen();
    EXPECT_TRUE(folder.finds("good"));
    EXPECT_EQ(folder.verify(), "");
    const auto document = folder.corpus->document(folder.id_of("a.md"));
    ASSERT_TRUE(document.ok());
    EXPECT_EQ(document->file.changed_ns, 0);
    EXPECT_FALSE(document->file.read_with.empty());
}

TEST(CorpusRecovery, ANewerRecordIsRefusedUntouched) {
    CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Text.").ok());
    folder.corpus.reset();
    {
        auto database = Database::open_writer(folder.directory.path("data/record.db"));
        ASSERT_TRUE(database.ok());
        ASSERT_TRUE(database->execute("PRAGMA user_version = 99").ok());
    }
    const auto opened = retrieval::Corpus::open({folder.directory.path("data")}, folder.embedder);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
}

TEST(CorpusRecovery, AnotherEmbedderIsRefusedWithTheRemedy) {
    CorpusFolder folder;
    folder.corpus.reset();
    test::FakeEmbedder other(64, "other-model");
    const auto opened = retrieval::Corpus::open({folder.directory.path("data")}, other);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(opened.error().message.find("other-model"), std::string::npos);
}

TEST(CorpusRecovery, OneProcessHoldsARecordOnce) {
    CorpusFolder folder;
    EXPECT_EQ(retrieval::Corpus::open({folder.directory.path("data")}, folder.embedder).error().code,
              ErrorCode::kAlreadyExists);
}

}  // namespace
}  // namespace hearth
