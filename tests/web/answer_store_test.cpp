// The file behind responses and receipts: bounds, expiry, and what a kill leaves.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"
#include "web/stores/answer_store.h"

namespace hearth::web {
namespace {

TEST(AnswerStore, KindsAndExpiryKeepApart) {
    const test::TempDir home;
    auto store = AnswerStore::open(home.path("a.db"), {.age = std::chrono::hours(1)}).value();
    ASSERT_TRUE(store->put(Kept::kResponse, "x", 1000, "one").ok());
    EXPECT_EQ(store->get(Kept::kResponse, "x", 1000 + 3600).value(), "one");
    EXPECT_EQ(store->get(Kept::kResponse, "x", 1000 + 3601).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(store->get(Kept::kReceipt, "x", 1000).error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(store->remove(Kept::kReceipt, "x").value());
    EXPECT_TRUE(store->remove(Kept::kResponse, "x").value());
}

TEST(AnswerStore, TheOldestGoFirst) {
    const test::TempDir home;
    auto store = AnswerStore::open(home.path("a.db"), {.entries = 3, .bytes = 10, .entry_bytes = 8}).value();
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(store->put(Kept::kResponse, std::to_string(i), 100 + i, "ab").ok());
    }
    EXPECT_FALSE(store->get(Kept::kResponse, "1", 105).ok());
    EXPECT_TRUE(store->get(Kept::kResponse, "2", 105).ok());
    ASSERT_TRUE(store->put(Kept::kReceipt, "big", 106, "12345678").ok());
    EXPECT_TRUE(store->get(Kept::kResponse, "4", 106).ok());  // 8 + 2 bytes are the limit
    EXPECT_FALSE(store->get(Kept::kResponse, "3", 106).ok());
    EXPECT_EQ(store->put(Kept::kReceipt, "huge", 107, "123456789").error().code, ErrorCode::kResourceExhausted);
}

TEST(AnswerStore, FilesKeepTheirIds) {
    const test::TempDir home;
    {
        auto store = AnswerStore::open(home.path("a.db")).value();
        ASSERT_TRUE(store->put_file({"file-1", "a.md", "assistants", 5}).ok());
        ASSERT_TRUE(store->put_file({"file-1", "notes/a.md", "assistants", 5}).ok());
    }
    auto store = AnswerStore::open(home.path("a.db")).value();
    ASSERT_EQ(store->files().value().size(), 1u);
    EXPECT_EQ(store->files().value()[0].path, "notes/a.md");
    ASSERT_TRUE(store->forget_file("file-1").ok());
    EXPECT_TRUE(store->files().value().empty());
}

/// Writes entries of growing size and tells each one's number once it is kept, until it is killed.
[[noreturn]] void write_until_killed(const std::string& path, int out) {
    auto store = AnswerStore::open(path).value();
    for (int i = 0;; ++i) {
        const bool kept = store->put(Kept::kResponse, std::to_string(i), 1000, std::string(500 + i, 'x')).ok();
        if (!kept || ::write(out, &i, sizeof i) != sizeof i) ::_exit(1);
    }
}

TEST(AnswerStore, WhatWasKeptBeforeAKillIsThereWhole) {
    const test::TempDir home;
    int last = -1;
    for (int round = 0; round < 5; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) write_until_killed(home.path("a.db"), ends[1]);
        ::close(ends[1]);
        for (int seen = 0; seen < 70 + round; ++seen) {  // past one checkpoint
            ASSERT_EQ(::read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
        }
        ::close(ends[0]);
        auto store = AnswerStore::open(home.path("a.db")).value();
        for (int i = 0; i <= last; ++i) {
            const auto body = store->get(Kept::kResponse, std::to_string(i), 1000);
            ASSERT_TRUE(body.ok()) << "round " << round << " entry " << i << " of " << last;
            ASSERT_EQ(body->size(), static_cast<std::size_t>(500 + i));
        }
    }
}

}  // namespace
}  // namespace hearth::web
