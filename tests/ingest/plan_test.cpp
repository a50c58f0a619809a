#include "ingest/plan.h"

#include <gtest/gtest.h>

#include "ingest/planner.h"

namespace hearth::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = SettleClock::Steady;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr const char* kReader = "reader";

ScannedFile file_of(const std::string& path, std::int64_t size, std::int64_t changed_ns) {
    return {path, {size, changed_ns, changed_ns, 1}, {}, {}};
}

/// A planner, its clock, and the record that it is told of.
struct World {
    Planner planner{[](const std::string&) { return std::string(); }};
    PlanSettings settings{milliseconds(700), {{"**"}, {}}, kReader};
    KnownFiles known;
    std::int64_t now_ns = 1000 * kSecond;

    Round plan(std::vector<ScannedFile> files) {
        ScanResult scan;
        scan.root = {1, 1};
        scan.files = std::move(files);
        return planner.plan(settings, scan, known, Steady(std::chrono::nanoseconds(now_ns)), now_ns);
    }
    void record(const ScannedFile& file) {
        known[file.path] = {file.path, "hash", file.stamp, kReader, "title", false};
    }
};

TEST(Plan, AFileIsReadOnceItStoodStill) {
    World world;
    const ScannedFile file = file_of("a.txt", 1, world.now_ns);
    Round round = world.plan({file});
    EXPECT_TRUE(round.ready.empty());
    EXPECT_TRUE(round.waiting && round.settling);
    world.now_ns += kSecond;
    round = world.plan({file});
    ASSERT_EQ(round.ready.size(), 1u);
    EXPECT_FALSE(round.ready[0].growing);
    EXPECT_FALSE(round.waiting || round.settling);
}

TEST(Plan, AFileThatNeverStandsStillIsReadNowAndThen) {
    World world;
    std::vector<std::int64_t> read_at;
    int unsettled_after_first = 0;
    for (int tick = 0; tick < 1000; ++tick) {
        const ScannedFile file = file_of("log.txt", 100 + tick, world.now_ns);
        const Round round = world.plan({file});
        EXPECT_TRUE(round.waiting || !round.ready.empty());
        if (!read_at.empty() && round.settling) ++unsettled_after_first;
        if (!round.ready.empty()) {
            EXPECT_TRUE(round.ready[0].growing);
            read_at.push_back(world.now_ns);
            world.record(file);
        }
        world.now_ns += kSecond / 10;
    }
    // 100 seconds: after 30, and then 30 after each time.
    ASSERT_EQ(read_at.size(), 3u);
    for (std::size_t i = 1; i < read_at.size(); ++i) EXPECT_GE(read_at[i] - read_at[i - 1], 30 * kSecond);
    EXPECT_EQ(unsettled_after_first, 0) << "what is never done with must not keep the pipeline from being idle";
}

TEST(Plan, WhatGrewIsReadAWholeLastTime) {
    World world;
    for (int tick = 0; tick < 320; ++tick, world.now_ns += kSecond / 10) {
        const ScannedFile file = file_of("log.txt", 100 + tick, world.now_ns);
        if (!world.plan({file}).ready.empty()) world.record(file);
    }
    ASSERT_TRUE(world.known.contains("log.txt"));
    const ScannedFile last = file_of("log.txt", 9999, world.now_ns);
    world.now_ns += kSecond;
    const Round round = world.plan({last});
    ASSERT_EQ(round.ready.size(), 1u);
    EXPECT_FALSE(round.ready[0].growing);
}

TEST(Plan, AnyDifferenceOfTheStampIsAReasonToRead) {
    const ScannedFile file{"a.txt", {1, 2, 3, 4}, {}, {}};
    KnownFile known{"a.txt", "hash", file.stamp, kReader, "a", false};
    EXPECT_TRUE(is_unchanged(known, file, kReader));
    EXPECT_TRUE(is_unchanged(known, file, "another reader")) << "what was read well is not read again";
    for (const FileStamp& stamp : {FileStamp{9, 2, 3, 4}, {1, 9, 3, 4}, {1, 2, 9, 4}, {1, 2, 3, 9}}) {
        EXPECT_FALSE(is_unchanged(known, {"a.txt", stamp, {}, {}}, kReader));
    }
    known.failed = true;
    EXPECT_TRUE(is_unchanged(known, file, kReader));
    EXPECT_FALSE(is_unchanged(known, file, "another reader"));
    known.content_sha256.clear();
    EXPECT_FALSE(is_unchanged(known, file, kReader)) << "it was never read, and now nothing forbids it";
}

TEST(Plan, WhatTheGlobsNoLongerSelectIsRemovedAtOnce) {
    World world;
    for (int i = 0; i < 20; ++i) world.record(file_of("drafts/" + std::to_string(i), 1, 1));
    world.settings.filter.exclude = {"drafts"};
    const Round round = world.plan({});
    EXPECT_EQ(round.removals.size(), 20u);
    EXPECT_FALSE(round.deletes_held);
}

}  // namespace
}  // namespace hearth::ingest
