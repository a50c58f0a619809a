// kill -9 and a full disk in the middle of writes: what was acknowledged is there, nothing is there by half.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <random>

#include "support/corpus_fixture.h"

namespace hearth {
namespace {

constexpr int kDocuments = 12;
constexpr int kRounds = 30;

std::string path_of(int document) {
    return "f/" + std::to_string(document) + ".md";
}

std::string token_of(int document, int version) {
    return "token" + std::to_string(document) + "x" + std::to_string(version) + "q";
}

std::string text_of(int document, int version) {
    return "Opening " + token_of(document, version) + ".\n\nClosing " + token_of(document, version) + ".";
}

/// One line of the child's journal: version 0 = removed.
struct Entry {
    int document = 0;
    int version = 0;
    bool acknowledged = false;
};

/// Writes until it is killed. Says what it is about to do, does it, says that it was acknowledged.
[[noreturn]] void write_for_ever(const std::string& directory, int out, unsigned seed) {
    test::FakeEmbedder embedder;
    auto corpus = retrieval::Corpus::open({directory}, embedder);
    if (!corpus.ok()) ::_exit(3);
    std::mt19937 random(seed);
    const std::string source = directory + "/source";
    for (int version = static_cast<int>(seed) * 100'000 + 1;; ++version) {
        const int document = static_cast<int>(random() % kDocuments);
        const bool remove = random() % 4 == 0;
        Entry entry{document, remove ? 0 : version, false};
        if (::write(out, &entry, sizeof entry) != sizeof entry) ::_exit(4);
        Status done;
        if (remove) {
            done = (*corpus)->remove_document(path_of(document));
            if (!done.ok() && done.error().code == ErrorCode::kNotFound) done = Status();
        } else {
            auto put = test::version_of(embedder, path_of(document), text_of(document, version));
            put.tables = {test::table_of({{"version", CellType::kNumber}}, {{std::to_string(version)}})};
            done = test::keep_bytes(**corpus, source, put.text);
            if (done.ok()) done = (*corpus)->put_version(put);
        }
        if (!done.ok()) ::_exit(5);
        entry.acknowledged = true;
        if (::write(out, &entry, sizeof entry) != sizeof entry) ::_exit(4);
        if (random() % 16 == 0 && !(*corpus)->maintain().ok()) ::_exit(6);
    }
}

/// What a document may be now: the last acknowledged version, or the one that was under way.
struct Possible {
    int acknowledged = 0;
    std::optional<int> under_way;
};

void read_journal(int in, std::map<int, Possible>& possible) {
    Entry entry;
    while (::read(in, &entry, sizeof entry) == sizeof entry) {
        Possible& now = possible[entry.document];
        if (entry.acknowledged) {
            now = {entry.version, std::nullopt};
        } else {
            now.under_way = entry.version;
        }
    }
}

/// The version that is there, checked to be whole; 0 when the document is absent.
int version_there(test::CorpusFolder& folder, int document) {
    const std::string id = folder.id_of(path_of(document));
    if (id.empty()) return 0;
    const auto passage = folder.corpus->passage(id, {0, 0}, 1000);
    EXPECT_TRUE(passage.ok());
    const std::size_t at = passage->text.find('x') + 1;
    const int version = std::atoi(passage->text.c_str() + at);
    EXPECT_EQ(passage->text, text_of(document, version));
    EXPECT_TRUE(folder.finds(token_of(document, version)));
    const auto table = folder.corpus->tables({.path = path_of(document)});
    EXPECT_EQ(table->size(), 1u);
    const auto answer = folder.corpus->query_tables("SELECT version FROM " + table->at(0).name, {});
    EXPECT_EQ(std::get<std::int64_t>(answer->rows.rows.at(0).at(0)), version);
    return version;
}

TEST(CorpusCrash, KillingTheWriterAtAnyMomentLosesNothingAcknowledged) {
    test::CorpusFolder folder;
    std::map<int, Possible> possible;
    std::mt19937 random(7);
    for (unsigned round = 1; round <= kRounds; ++round) {
        folder.corpus.reset();
        int pipe_ends[2];
        ASSERT_EQ(::pipe(pipe_ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(pipe_ends[0]);
            write_for_ever(folder.directory.path("data"), pipe_ends[1], round);
        }
        ::close(pipe_ends[1]);
        ::usleep(static_cast<useconds_t>(20'000 + random() % 150'000));  // the moment of the kill is the input here
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself with " << WEXITSTATUS(status);
        read_journal(pipe_ends[0], possible);
        ::close(pipe_ends[0]);
        folder.reopen();
        ASSERT_EQ(folder.verify(), "") << "round " << round;
        for (auto& [document, now] : possible) {
            const int there = version_there(folder, document);
            EXPECT_TRUE(there == now.acknowledged || there == now.under_way)
                << "round " << round << ": document " << document << " is at " << there << ", acknowledged was "
                << now.acknowledged;
            now = {there, std::nullopt};
        }
    }
    EXPECT_FALSE(possible.empty()) << "every kill came before the first write: nothing was tested";
}

TEST(CorpusCrash, AFullDiskRefusesTheWriteAndKeepsWhatWasThere) {
    test::CorpusFolder folder;
    ASSERT_TRUE(folder.put("a.md", "Kept before the disk was full.").ok());
    folder.corpus.reset();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        // No file may grow beyond 256 KiB: writes fail half-way like on a full disk.
        ::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{256 << 10, 256 << 10};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto corpus = retrieval::Corpus::open({folder.directory.path("data")}, folder.embedder);
        if (!corpus.ok()) ::_exit(3);
        std::string text = "Too large for the disk.";
        while (text.size() < (200 << 10)) text += "\n\nmore and more words " + std::to_string(text.size());
        const auto version = test::version_of(folder.embedder, "big.md", text);
        if (!test::keep_bytes(**corpus, folder.directory.path("source"), text).ok()) ::_exit(5);
        if ((*corpus)->put_version(version).ok()) ::_exit(6);
        const auto hits = (*corpus)->search({.text = "kept"});
        ::_exit(hits.ok() && !hits->empty() ? 0 : 7);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    folder.reopen();
    EXPECT_EQ(folder.verify(), "");
    EXPECT_TRUE(folder.finds("Kept"));
    EXPECT_TRUE(folder.id_of("big.md").empty());
    EXPECT_TRUE(folder.put("b.md", "And after there was room again.").ok());
}

}  // namespace
}  // namespace hearth
