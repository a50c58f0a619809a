// What goes into a step, decided step by step on one thread.
#include "llm/scheduler.h"

#include <fstream>

#include <gtest/gtest.h>

#include "llm/prompt.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace hearth::llm {
namespace {

class SchedulerTest : public testing::Test {
  protected:
    void open(int kv_tokens, int max_parallel = 8) {
        const std::string path = directory_.path("tiny.gguf");
        std::ofstream(path, std::ios::binary) << test::tiny_model({.context = 512});
        EngineOptions options;
        options.model_path = path;
        options.threads = 1;
        options.kv_tokens = kv_tokens;
        model_ = load_model(options, ledger_, {}).value();
        scheduler_ = std::make_unique<Scheduler>(
            *model_, SchedulerOptions{.max_parallel = max_parallel, .reader_timeout = std::chrono::hours(1)});
    }

    /// Answers stay below what a job may leave untaken: nobody reads here.
    std::shared_ptr<Job> submit(const std::string& text, int max_tokens, Priority priority = Priority::kInteractive) {
        GenerateRequest request;
        request.messages.push_back({.role = Role::kUser, .content = text});
        request.max_tokens = max_tokens;
        request.priority = priority;
        request.prompt_lookup = false;
        request.sampling.logit_bias[257] = -100;
        auto job = std::make_shared<Job>(request, Constraint{}, build_prompt(*model_, request).value(), nullptr, [] {});
        scheduler_->submit(job);
        return job;
    }

    void steps(int count) {
        for (int i = 0; i < count; ++i) EXPECT_TRUE(scheduler_->step({}));
    }
    int steps_until_idle() {
        int count = 0;
        while (!scheduler_->empty() && count < 10000 && scheduler_->step({})) ++count;
        return count;
    }
    static Completion result_of(Job& job) {
        auto done = job.wait({}, {});
        EXPECT_TRUE(done.ok());
        return std::move(done).value();
    }

    test::TempDir directory_;
    MemoryLedger ledger_{64u << 20};
    std::unique_ptr<LoadedModel> model_;
    std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, AnswersAreDecodedInTheSameSteps) {
    open(1024);
    for (const char* text : {"one", "two", "three"}) submit(text, 10);
    EXPECT_EQ(steps_until_idle(), 11) << "the prompts of 38 tokens take two steps, the second with the first answer";
    EXPECT_EQ(scheduler_->stats().completion_tokens, 30u);
}

TEST_F(SchedulerTest, BackgroundStandsStillWhileAnInteractiveRequestIsInWork) {
    open(1024);
    const auto background = submit("background", 28, Priority::kBackground);
    steps(5);
    submit("interactive", 20);
    steps(20);
    EXPECT_EQ(scheduler_->stats().running, 1);
    EXPECT_EQ(scheduler_->stats().completion_tokens, 20u);
    steps(1);
    scheduler_->cancel_all();
    EXPECT_EQ(result_of(*background).usage.completion_tokens, 6);
}

TEST_F(SchedulerTest, InteractiveTakesThePlaceOfBackground) {
    open(1024, 1);
    const auto background = submit("background", 28, Priority::kBackground);
    steps(5);
    const auto interactive = submit("interactive", 4);
    steps(4);
    EXPECT_EQ(scheduler_->stats().preemptions, 1u);
    EXPECT_EQ(result_of(*interactive).usage.completion_tokens, 4);
    steps_until_idle();
    EXPECT_EQ(result_of(*background).usage.completion_tokens, 28);
}

TEST_F(SchedulerTest, TheYoungestGivesWayWhenBlocksRunOut) {
    open(512);
    const auto first = submit(std::string(205, 'a'), 28), second = submit(std::string(225, 'b'), 28);
    steps(12);  // both begin; with their answers they want 33 of the 32 blocks
    const auto third = submit(std::string(20, 'c'), 2);
    steps_until_idle();
    EXPECT_EQ(result_of(*first).usage.completion_tokens, 28);
    EXPECT_EQ(result_of(*second).usage.completion_tokens, 28);
    EXPECT_EQ(result_of(*third).usage.completion_tokens, 2);
    EXPECT_GE(scheduler_->stats().preemptions, 1u);
    EXPECT_EQ(scheduler_->stats().kv_blocks_free + scheduler_->stats().kv_blocks_cached, 32);
}

TEST_F(SchedulerTest, WhoseReaderIsBehindStandsStill) {
    open(1024);
    const auto job = submit("nobody reads", 400);
    EXPECT_LT(steps_until_idle(), 60);
    EXPECT_EQ(scheduler_->stats().running, 1);
    submit("another", 10);
    steps(10);
    EXPECT_FALSE(scheduler_->step({}));
    scheduler_->cancel_all();
    EXPECT_LT(result_of(*job).usage.completion_tokens, 60);
}

TEST_F(SchedulerTest, AnEqualBeginningInWorkIsWaitedFor) {
    open(1024);
    const std::string text(300, 's');
    submit(text, 4);
    submit(text, 4);
    submit("another", 4);
    steps(1);
    EXPECT_EQ(scheduler_->stats().running, 2) << "the second waits, the third does not wait for it";
    steps_until_idle();
    EXPECT_GT(scheduler_->stats().cached_tokens, 300u);
}

TEST_F(SchedulerTest, TheBlocksOfFinishedRequestsAreFreeOrRemembered) {
    open(512);
    for (int i = 0; i < 6; ++i) {
        submit(std::string(static_cast<std::size_t>(60 + i), static_cast<char>('a' + i)), 20);
        steps_until_idle();
        const EngineStats stats = scheduler_->stats();
        EXPECT_EQ(stats.kv_blocks_free + stats.kv_blocks_cached, stats.kv_blocks);
        EXPECT_EQ(stats.running + stats.waiting, 0);
    }
}

}  // namespace
}  // namespace hearth::llm
