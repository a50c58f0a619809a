#include "ingest/pipeline.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "core/hash.h"
#include "ingest/pipeline_fixture.h"

namespace hearth::ingest {
namespace {

TEST_F(PipelineTest, StoresWhatLiesInTheFolderAtStart) {
    const std::string text = "# Title\n\nSome words.\n";
    write("a.md", text);
    write("sub/b.txt", "plain words");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 2; }));
    const IngestedFile file = sink_.stored().at("a.md");
    EXPECT_EQ(file.text, text);
    EXPECT_EQ(file.type, "markdown");
    EXPECT_EQ(file.title, "Title");
    EXPECT_EQ(file.content_sha256, sha256_hex(text));
    ASSERT_EQ(file.chunks.size(), 1u);
    EXPECT_EQ(file.chunks[0].heading, "Title");
    EXPECT_TRUE(waits_idle());
    EXPECT_EQ(pipeline_->counters().processed_total, 2);
}

TEST_F(PipelineTest, SeesNewFilesInNewFolders) {
    start();
    ASSERT_TRUE(waits_idle());
    write("x/y/z/deep.md", "words");
    EXPECT_TRUE(eventually([&] { return has_stored("x/y/z/deep.md"); }));
}

TEST_F(PipelineTest, EditsAreStoredAgainAndTouchesAreNot) {
    write("a.txt", "one");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    fs::last_write_time(path("a.txt"), fs::file_time_type::clock::now() + seconds(5));
    pipeline_->rescan();  // the kernel reports a changed mtime as a write in progress, which nobody waits for
    ASSERT_TRUE(eventually([&] { return sink_.has_logged("touch a.txt"); }));
    write("a.txt", "two");
    ASSERT_TRUE(eventually([&] { return sink_.stored().at("a.txt").text == "two"; }));
    EXPECT_EQ(sink_.log(), (std::vector<std::string>{"store a.txt", "touch a.txt", "store a.txt"}));
}

TEST_F(PipelineTest, RenameKeepsTheDocument) {
    write("old/a.txt", "the words of a");
    write("b.txt", "the words of b");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 2; }));
    fs::rename(path("old"), path("new"));
    ASSERT_TRUE(eventually([&] { return sink_.has_logged("rename old/a.txt new/a.txt"); }));
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(sink_.log().size(), 3u);
}

TEST_F(PipelineTest, RenameWhileStoppedKeepsTheDocument) {
    write("new.txt", "same words");
    struct stat st {};
    ASSERT_EQ(::stat(path("new.txt").c_str(), &st), 0);
    sink_.known = {{"old.txt", sha256_hex("same words"), {st.st_size, 1, 1, 1}, "reader", "Title", false}};
    start();
    ASSERT_TRUE(eventually([&] { return sink_.has_logged("rename old.txt new.txt"); }));
    ASSERT_TRUE(waits_idle());
    EXPECT_FALSE(has_stored("new.txt"));
}

TEST_F(PipelineTest, DeletedFilesAreRemoved) {
    write("a.txt", "words a");
    write("b.txt", "words b");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 2; }));
    fs::remove(path("a.txt"));
    EXPECT_TRUE(eventually([&] { return !has_stored("a.txt"); }));
    EXPECT_TRUE(has_stored("b.txt"));
}

TEST_F(PipelineTest, MassDeleteIsHeldUntilConfirmed) {
    for (int i = 0; i < 12; ++i) write("f" + std::to_string(i) + ".txt", "words " + std::to_string(i));
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 12; }, seconds(60)));
    for (int i = 0; i < 12; ++i) fs::remove(path("f" + std::to_string(i) + ".txt"));
    ASSERT_TRUE(eventually([&] { return pipeline_->counters().deletes_held; }));
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(sink_.stored().size(), 12u);
    pipeline_->confirm_deletes();
    EXPECT_TRUE(eventually([&] { return sink_.stored().empty(); }));
    EXPECT_TRUE(eventually([&] { return !pipeline_->counters().deletes_held; }));
}

TEST_F(PipelineTest, ReplacedRootHoldsDeletesUntilTheFilesReturn) {
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    fs::rename(options_.folder, dir_.path("aside"));
    fs::create_directories(options_.folder);
    pipeline_->rescan();
    ASSERT_TRUE(eventually([&] { return pipeline_->counters().deletes_held; }));
    EXPECT_TRUE(has_stored("a.txt"));
    fs::remove_all(options_.folder);
    pipeline_->rescan();
    ASSERT_TRUE(eventually([&] { return !pipeline_->counters().problem.empty(); }));
    fs::rename(dir_.path("aside"), options_.folder);
    pipeline_->rescan();
    ASSERT_TRUE(eventually([&] { return !pipeline_->counters().deletes_held; }));
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(sink_.log(), std::vector<std::string>{"store a.txt"});
}

TEST_F(PipelineTest, AnEmptyFolderInThePlaceOfALostMountIsNotAMassDeleteAfterARestart) {
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    ASSERT_TRUE(waits_idle());
    pipeline_.reset();
    const IngestedFile stored = sink_.stored().at("a.txt");
    sink_.known = {{"a.txt", stored.content_sha256, stored.stamp, stored.read_with, stored.title, false}};
    fs::rename(options_.folder, dir_.path("aside"));
    fs::create_directories(options_.folder);
    start();
    ASSERT_TRUE(eventually([&] { return pipeline_->counters().deletes_held; }));
    pipeline_->rescan();
    ASSERT_TRUE(waits_idle());
    EXPECT_TRUE(has_stored("a.txt"));
    pipeline_->confirm_deletes();
    EXPECT_TRUE(eventually([&] { return !has_stored("a.txt"); }));
}

TEST_F(PipelineTest, TheOnlyDocumentDeletedWhileStoppedIsRemoved) {
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    ASSERT_TRUE(waits_idle());
    pipeline_.reset();
    const IngestedFile stored = sink_.stored().at("a.txt");
    sink_.known = {{"a.txt", stored.content_sha256, stored.stamp, stored.read_with, stored.title, false}};
    fs::remove(path("a.txt"));
    start();
    EXPECT_TRUE(eventually([&] { return !has_stored("a.txt"); }));
    EXPECT_FALSE(pipeline_->counters().deletes_held);
}

TEST_F(PipelineTest, LinksAndPipesAreListedAndScratchFilesLeftOut) {
    std::ofstream(dir_.path("secret.txt")) << "secret";
    fs::create_symlink(dir_.path("secret.txt"), path("link.txt"));
    fs::create_directory_symlink(dir_.path(), path("linked"));
    ASSERT_EQ(::mkfifo(path("pipe.txt").c_str(), 0600), 0);
    for (const char* name : {".hidden.md", "a.md~", ".a.md.swp", "a.part", "b.crdownload", "c.tmp", "~$d.docx"})
        write(name, "x");
    write("kept.md", "words");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("kept.md"); }));
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(sink_.stored().size(), 1u);
    const auto rejected = sink_.rejected();
    ASSERT_EQ(rejected.size(), 3u);
    for (const char* name : {"link.txt", "linked", "pipe.txt"}) {
        ASSERT_TRUE(rejected.contains(name)) << name;
        EXPECT_FALSE(rejected.at(name).reason.empty());
        EXPECT_FALSE(rejected.at(name).remedy.empty());
    }
    pipeline_->rescan();
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(sink_.log().size(), 4u) << "what was listed once is not listed again";
}

TEST_F(PipelineTest, GlobsAndTheSizeLimitDecide) {
    options_.include = {"**/*.md", "**/*.txt"};
    options_.exclude = {"drafts/**"};
    options_.max_file_bytes = 100;
    write("a.md", "words");
    write("b.log", "words");
    write("drafts/c.md", "words");
    write("big.txt", std::string(101, 'x'));
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("a.md") && sink_.rejected().contains("big.txt"); }));
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(sink_.log().size(), 2u);
    EXPECT_FALSE(sink_.rejected().at("big.txt").remedy.empty());
}

TEST_F(PipelineTest, FailureSticksToTheBytes) {
    write("bad.bin", std::string("\x00\x01\x02\x03", 4));
    write("empty.md", "");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.rejected().size() == 2; }));
    pipeline_->rescan();
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(sink_.log().size(), 2u);
    EXPECT_FALSE(sink_.rejected().at("empty.md").reason.empty());
    write("bad.bin", "now it is text");
    EXPECT_TRUE(eventually([&] { return has_stored("bad.bin"); }));
    EXPECT_EQ(pipeline_->counters().failed_total, 2);
}

TEST_F(PipelineTest, TransientErrorsAreTriedAgain) {
    std::atomic<int> calls = 0;
    sink_.on_store = [&](const IngestedFile&, std::stop_token) -> Status {
        if (++calls < 3) return Error(ErrorCode::kResourceExhausted, "the disk is full");
        return {};
    };
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return pipeline_->counters().problem == "the disk is full"; }));
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    EXPECT_EQ(calls, 3);
    EXPECT_TRUE(eventually([&] { return pipeline_->counters().problem.empty(); }));
}

TEST_F(PipelineTest, OneFileThatFailsForNowKeepsNoOtherWaiting) {
    sink_.on_store = [](const IngestedFile& file, std::stop_token) -> Status {
        if (file.path == "a.txt") return Error(ErrorCode::kInternal, "the embedder stumbled");
        return {};
    };
    write("a.txt", "w");
    write("b.txt", "many more words");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("b.txt"); }));
    EXPECT_TRUE(eventually([&] { return pipeline_->counters().problem == "a.txt: the embedder stumbled"; }));
    EXPECT_TRUE(sink_.rejected().empty());
}

TEST_F(PipelineTest, AReadErrorIsListedAndTriedAgainAtTheNextScan) {
    std::atomic<bool> broken = true;
    sink_.on_keep = [&](const std::string&) -> Status {
        return broken ? Status(Error(ErrorCode::kInternal, "read a.txt: Input/output error")) : Status();
    };
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.rejected().contains("a.txt"); }));
    EXPECT_NE(sink_.rejected().at("a.txt").reason.find("Input/output"), std::string::npos);
    broken = false;
    pipeline_->rescan();
    EXPECT_TRUE(eventually([&] { return has_stored("a.txt"); }));
}

TEST_F(PipelineTest, AFullDiskStopsAllAndIsTriedAgain) {
    std::atomic<int> calls = 0;
    sink_.on_keep = [&](const std::string&) -> Status {
        return ++calls < 3 ? Status(Error(ErrorCode::kResourceExhausted, "the disk is full")) : Status();
    };
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return pipeline_->counters().problem == "the disk is full"; }));
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    EXPECT_TRUE(sink_.rejected().empty());
    EXPECT_TRUE(eventually([&] { return pipeline_->counters().problem.empty(); }));
}

TEST_F(PipelineTest, WhatIsParsedIsWhatWasKept) {
    write("a.txt", "the first words");
    // Overwritten in place after the copy, before the parser reads: same size, same name.
    sink_.on_kept = [&](const std::string& name) { std::ofstream(path(name), std::ios::in) << "THE FIRST"; };
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    ASSERT_TRUE(waits_idle());
    const IngestedFile file = sink_.stored().at("a.txt");
    EXPECT_EQ(file.content_sha256, sha256_hex(file.text));
    EXPECT_EQ(file.text, "THE FIRST words") << "the change that came in between was not read";
}

TEST_F(PipelineTest, AChangeThatKeepsSizeAndTimeIsSeen) {
    write("a.txt", "one");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("a.txt"); }));
    ASSERT_TRUE(waits_idle());
    const auto time = fs::last_write_time(path("a.txt"));
    write("a.txt", "two");
    fs::last_write_time(path("a.txt"), time);
    pipeline_->rescan();
    EXPECT_TRUE(eventually([&] { return sink_.stored().at("a.txt").text == "two"; }));
}

TEST_F(PipelineTest, ASmallFileDoesNotWaitForALargeOne) {
    std::atomic<bool> large_in_store = false;
    std::atomic<bool> release = false;
    sink_.on_store = [&](const IngestedFile& file, std::stop_token) -> Status {
        if (file.path == "large.txt") {
            large_in_store = true;
            while (!release) std::this_thread::sleep_for(milliseconds(5));
        }
        return {};
    };
    write("large.txt", std::string(2 << 20, 'x'));
    start();
    ASSERT_TRUE(eventually([&] { return large_in_store.load(); }));
    write("small.txt", "words");
    EXPECT_TRUE(eventually([&] { return has_stored("small.txt"); }));
    EXPECT_FALSE(has_stored("large.txt"));
    release = true;
    EXPECT_TRUE(eventually([&] { return has_stored("large.txt"); }));
}

TEST_F(PipelineTest, AParserThatHangsDoesNotHoldTheQuickLane) {
    options_.extractor_path = dir_.path("extract");
    std::ofstream(options_.extractor_path)
        << "#!/bin/sh\ncase $2 in hang*) sleep 60;; esac\nexec " << HEARTH_BINARY_DIR << "/hearth-extract \"$@\"\n";
    fs::permissions(options_.extractor_path, fs::perms::owner_all);
    write("hang.txt", "w");
    start();
    ASSERT_TRUE(eventually([&] { return pipeline_->counters().current_path == "hang.txt"; }));
    write("small.txt", "words enough");
    EXPECT_TRUE(eventually([&] { return has_stored("small.txt"); }));
    EXPECT_TRUE(sink_.rejected().empty());
}

TEST_F(PipelineTest, ADocumentThatNeedsMoreMemoryThanThereIsIsRefused) {
    sink_.bytes_a_chunk = std::size_t{1} << 30;
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.rejected().contains("a.txt"); }));
    EXPECT_NE(sink_.rejected().at("a.txt").remedy.find("budget_mib"), std::string::npos);
    EXPECT_EQ(ledger_.used_bytes(), 0u);
}

TEST_F(PipelineTest, RunningOutOfMemoryCostsTheFileAlone) {
    sink_.on_store = [](const IngestedFile& file, std::stop_token) -> Status {
        if (file.path == "a.txt") throw std::bad_alloc();
        return {};
    };
    write("a.txt", "w");
    write("b.txt", "more words");
    start();
    EXPECT_TRUE(eventually([&] { return has_stored("b.txt") && sink_.rejected().contains("a.txt"); }));
}

TEST_F(PipelineTest, AnExclusionThatComesLaterTakesTheDocumentsOut) {
    for (int i = 0; i < 12; ++i) write("drafts/" + std::to_string(i) + ".txt", "words " + std::to_string(i));
    write("kept.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 13; }, seconds(60)));
    options_.exclude = {"drafts/**"};
    pipeline_->reconfigure(options_);
    EXPECT_TRUE(eventually([&] { return sink_.stored().size() == 1; }));
    EXPECT_TRUE(has_stored("kept.txt"));
    EXPECT_FALSE(pipeline_->counters().deletes_held) << "nobody lost a mount";
    options_.exclude.clear();
    pipeline_->reconfigure(options_);
    EXPECT_TRUE(eventually([&] { return sink_.stored().size() == 13; }, seconds(60)));
}

TEST_F(PipelineTest, AFailureIsTriedAgainUnderOtherLimitsAndWhenTouched) {
    write("empty.md", "");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.log().size() == 1; }));
    options_.extract_memory_bytes *= 2;
    pipeline_->reconfigure(options_);
    ASSERT_TRUE(eventually([&] { return sink_.log().size() == 2; }));
    ASSERT_TRUE(waits_idle());
    fs::last_write_time(path("empty.md"), fs::file_time_type::clock::now());
    pipeline_->rescan();
    EXPECT_TRUE(eventually([&] { return sink_.log().size() == 3; }));
    EXPECT_EQ(sink_.rejected().size(), 1u);
}

TEST_F(PipelineTest, ADocumentTitledByItsNameIsTitledByItsNewName) {
    write("old.txt", "plain words");
    write("Other.md", "# Own title\n");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 2; }));
    fs::rename(path("old.txt"), path("new.txt"));
    fs::rename(path("Other.md"), path("Moved.md"));
    ASSERT_TRUE(eventually([&] { return sink_.has_logged("store new.txt"); }));
    ASSERT_TRUE(waits_idle());
    EXPECT_TRUE(sink_.has_logged("rename old.txt new.txt"));
    EXPECT_TRUE(sink_.has_logged("rename Other.md Moved.md"));
    EXPECT_EQ(sink_.stored().at("new.txt").title, "new");
    EXPECT_FALSE(sink_.has_logged("store Moved.md"));
}

TEST_F(PipelineTest, AFileDeletedDuringItsCommitDoesNotStay) {
    sink_.on_store = [&](const IngestedFile& file, std::stop_token stop) -> Status {
        fs::remove(path(file.path));
        while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(5));
        return {};  // too late: committed all the same
    };
    options_.rescan = seconds(3600);
    write("a.txt", "words");
    start();
    EXPECT_TRUE(eventually([&] { return sink_.has_logged("remove a.txt"); }));
}

TEST_F(PipelineTest, AFileDeletedWhileItIsStoredIsGivenUp) {
    std::atomic<bool> in_store = false;
    sink_.on_store = [&](const IngestedFile&, std::stop_token stop) -> Status {
        in_store = true;
        while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(5));
        return Error(ErrorCode::kCancelled, "stopped");
    };
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return in_store.load(); }));
    fs::remove(path("a.txt"));
    ASSERT_TRUE(waits_idle());
    EXPECT_TRUE(sink_.log().empty());
}

TEST_F(PipelineTest, StopsWhileAFileIsInWork) {
    std::atomic<bool> in_store = false;
    sink_.on_store = [&](const IngestedFile&, std::stop_token stop) -> Status {
        in_store = true;
        while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(5));
        return Error(ErrorCode::kCancelled, "stopped");
    };
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return in_store.load(); }));
    pipeline_.reset();
    EXPECT_TRUE(sink_.log().empty());
}

TEST_F(PipelineTest, AMissingExtractorIsAProblemAndNotTheFilesFault) {
    options_.extractor_path = dir_.path("nothing-here");
    write("a.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return pipeline_->counters().problem.find("nothing-here") != std::string::npos; }));
    EXPECT_TRUE(sink_.log().empty());
}

TEST_F(PipelineTest, NamesThatAreNotUtf8AreShownAsFailed) {
    write("bad\xFFname.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.rejected().size() == 1; }));
    EXPECT_EQ(sink_.rejected().begin()->first, "bad\xEF\xBF\xBDname.txt");
}

TEST(Pipeline, RefusesARelativeFolder) {
    test::FakeSink sink;
    const test::WordCounter tokens;
    MemoryLedger ledger{1 << 20};
    PipelineOptions options;
    options.folder = "relative";
    EXPECT_FALSE(Pipeline::start(options, sink, tokens, ledger).ok());
}

}  // namespace
}  // namespace hearth::ingest
