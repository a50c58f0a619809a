#include "daemon/folder_status.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "support/temp_dir.h"

namespace hearth::daemon {
namespace {

constexpr FolderStatusFile::Clock::time_point kNoon{std::chrono::hours(12)};

retrieval::DocumentStatus failed(const std::string& path, const std::string& reason) {
    retrieval::DocumentStatus document;
    document.document.path = path;
    document.state = retrieval::DocumentState::kFailed;
    document.reason = reason;
    document.remedy = "save it again";
    return document;
}

std::string page_in(const test::TempDir& folder) {
    const auto page = read_file(folder.path(kFolderStatusName), 1 << 20);
    return page.ok() ? *page : std::string();
}

TEST(FolderStatus, SaysWhatIsSearchedWhatWaitsAndWhatFailed) {
    retrieval::CorpusCounts counts;
    counts.documents_indexed = 1;
    counts.documents_queued = 3;
    counts.documents_failed = 1;
    counts.chunks = 12;
    retrieval::DocumentStatus fine;
    fine.document.path = "fine.md";
    fine.state = retrieval::DocumentState::kIndexed;
    const std::string page = render_folder_status(counts, {}, {fine, failed("scan.pdf", "no text layer")});
    EXPECT_NE(page.find("1 file can be searched"), std::string::npos) << page;
    EXPECT_NE(page.find("12 passages"), std::string::npos);
    EXPECT_NE(page.find("3 files wait"), std::string::npos);
    EXPECT_NE(page.find("| scan.pdf | no text layer | save it again |"), std::string::npos) << page;
    EXPECT_EQ(page.find("fine.md"), std::string::npos);
    EXPECT_EQ(render_folder_status({}, {}, {}).find("could not be read"), std::string::npos);
}

TEST(FolderStatus, SaysWhatHoldsTheFolderUpAndHowToGoOn) {
    ingest::PipelineCounters pipeline;
    pipeline.paused = pipeline.deletes_held = true;
    pipeline.problem = "the disk is full";
    const std::string page = render_folder_status({}, pipeline, {});
    for (const char* part : {"hearth resume", "hearth confirm-deletes", "the disk is full"})
        EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST(FolderStatus, NamesCannotLeaveTheirCell) {
    const std::string page = render_folder_status({}, {}, {failed("a|b\n# c`<img src=x>[l](u).md", "why")});
    EXPECT_NE(page.find("| a\\|b \\# c\\`&lt;img src=x>\\[l\\](u).md | why |"), std::string::npos) << page;
    const std::string all = render_folder_status({}, {}, {failed(std::string(5000, 'x'), "why")});
    EXPECT_LT(all.size(), 1000u);
}

TEST(FolderStatus, ListsAtMostSoManyAndCountsTheRest) {
    const std::vector<retrieval::DocumentStatus> many(kFolderStatusRows + 7, failed("a.md", "why"));
    EXPECT_NE(render_folder_status({}, {}, many).find("and 7 more"), std::string::npos);
}

TEST(FolderStatusFile, IsReplacedWhenItsWordsChangeAndOnlyThen) {
    const test::TempDir folder;
    FolderStatusFile file(folder.path(), true);
    ASSERT_TRUE(file.update("- one\n", kNoon).ok());
    EXPECT_NE(page_in(folder).find("- one"), std::string::npos);
    EXPECT_NE(page_in(folder).find("1970-01-01 12:00 UTC"), std::string::npos);
    struct stat info {};
    ASSERT_EQ(::stat(folder.path(kFolderStatusName).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0644u) << "whoever uses the folder may read it";
    ASSERT_TRUE(file.update("- one\n", kNoon + std::chrono::hours(1)).ok());
    EXPECT_NE(page_in(folder).find("12:00"), std::string::npos);
    ASSERT_TRUE(file.update("- two\n", kNoon + std::chrono::hours(1)).ok());
    EXPECT_NE(page_in(folder).find("13:00"), std::string::npos);
}

TEST(FolderStatusFile, SwitchedOffItTakesItsOwnPageAwayAndNothingElse) {
    const test::TempDir folder;
    ASSERT_TRUE(FolderStatusFile(folder.path(), true).update("- one\n", kNoon).ok());
    FolderStatusFile off(folder.path(), false);
    EXPECT_NE(::access(folder.path(kFolderStatusName).c_str(), F_OK), 0);
    ASSERT_TRUE(off.update("- two\n", kNoon).ok());
    EXPECT_NE(::access(folder.path(kFolderStatusName).c_str(), F_OK), 0);
    ASSERT_TRUE(atomic_write_file(folder.path(kFolderStatusName), "somebody's own words").ok());
    FolderStatusFile again(folder.path(), false);
    EXPECT_EQ(page_in(folder), "somebody's own words");
}

TEST(FolderStatusFile, AFolderThatCannotBeWrittenIsToldOnce) {
    const test::TempDir folder;
    FolderStatusFile file(folder.path("gone"), true);
    EXPECT_FALSE(file.update("- one\n", kNoon).ok());
    EXPECT_TRUE(file.update("- one\n", kNoon).ok());
    ASSERT_TRUE(make_directories(folder.path("gone")).ok());
    EXPECT_TRUE(file.update("- one\n", kNoon).ok());
    EXPECT_EQ(::access((folder.path("gone") + "/" + kFolderStatusName).c_str(), F_OK), 0);
}

}  // namespace
}  // namespace hearth::daemon
