// What a person tells the pipeline: wait, go on, read that again.
#include <gtest/gtest.h>

#include "ingest/pipeline_fixture.h"

namespace hearth::ingest {
namespace {

std::size_t times_stored(const test::FakeSink& sink, const std::string& path) {
    const auto log = sink.log();
    return static_cast<std::size_t>(std::count(log.begin(), log.end(), "store " + path));
}

TEST_F(PipelineTest, PausedFilesWaitAndDeletionsGoOn) {
    write("old.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return has_stored("old.txt"); }));
    ASSERT_TRUE(pipeline_->set_paused(true).ok());
    write("new.txt", "other words than those");
    fs::remove(path("old.txt"));
    EXPECT_TRUE(eventually([&] { return !has_stored("old.txt"); }));
    EXPECT_TRUE(eventually([&] { return pipeline_->counters().queued == 1; }));
    EXPECT_TRUE(pipeline_->counters().paused);
    EXPECT_FALSE(has_stored("new.txt"));
    EXPECT_FALSE(pipeline_->idle()) << "there is work";
    ASSERT_TRUE(pipeline_->set_paused(false).ok());
    EXPECT_TRUE(eventually([&] { return has_stored("new.txt"); }));
}

TEST_F(PipelineTest, APauseOutlivesARestart) {
    start();
    ASSERT_TRUE(pipeline_->set_paused(true).ok());
    pipeline_.reset();
    write("a.txt", "words");
    start();
    EXPECT_TRUE(pipeline_->counters().paused);
    EXPECT_TRUE(eventually([&] { return pipeline_->counters().queued == 1; }));
    EXPECT_FALSE(has_stored("a.txt"));
    ASSERT_TRUE(pipeline_->set_paused(false).ok());
    EXPECT_TRUE(eventually([&] { return has_stored("a.txt"); }));
}

TEST_F(PipelineTest, ReindexReadsWhatHasNotChanged) {
    write("a/one.txt", "words");
    write("b/two.txt", "words");
    start();
    ASSERT_TRUE(eventually([&] { return sink_.stored().size() == 2; }));
    const auto count = pipeline_->reindex("a/**");
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(count.value(), 1u);
    EXPECT_TRUE(eventually([&] { return times_stored(sink_, "a/one.txt") == 2; }));
    ASSERT_TRUE(waits_idle());
    EXPECT_EQ(times_stored(sink_, "b/two.txt"), 1u);
    EXPECT_EQ(pipeline_->reindex("nothing/**").value(), 0u);
}

}  // namespace
}  // namespace hearth::ingest
