#include "llm/step_turns.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace hearth::llm {
namespace {

using namespace std::chrono_literals;

TEST(StepTurns, OneComputesAtATime) {
    StepTurns turns;
    std::atomic<int> inside = 0, most = 0, steps = 0;
    const auto engine = [&](Priority priority) {
        StepTurns::Member member(turns);
        for (int done = 0; done < 200;) {
            if (!member.take(priority, 1ms)) continue;
            most = std::max(most.load(), ++inside);
            --inside;
            member.done();
            ++steps;
            ++done;
        }
    };
    std::vector<std::jthread> engines;
    for (int i = 0; i < 3; ++i) engines.emplace_back(engine, i == 0 ? Priority::kBackground : Priority::kInteractive);
    engines.clear();
    EXPECT_EQ(most, 1);
    EXPECT_EQ(steps, 600);
}

TEST(StepTurns, BackgroundStandsStillWhileAnotherEngineHasInteractiveWork) {
    StepTurns turns;
    StepTurns::Member answering(turns), indexing(turns);
    ASSERT_TRUE(answering.take(Priority::kInteractive, 0ms));
    EXPECT_FALSE(indexing.take(Priority::kBackground, 0ms));
    answering.done();
    EXPECT_FALSE(indexing.take(Priority::kBackground, 0ms)) << "between two steps of an answer";
    answering.rest();
    EXPECT_TRUE(indexing.take(Priority::kBackground, 0ms));
    indexing.done();
}

TEST(StepTurns, AnInteractiveStepWaitsForOneStepOnly) {
    StepTurns turns;
    StepTurns::Member indexing(turns);
    ASSERT_TRUE(indexing.take(Priority::kBackground, 0ms));
    std::atomic<bool> granted = false;
    std::jthread answering([&] {
        StepTurns::Member member(turns);
        granted = member.take(Priority::kInteractive, 0ms);
    });
    while (!granted) {
        indexing.done();
        if (indexing.take(Priority::kBackground, 0ms)) continue;  // the other thread has not asked yet
        std::this_thread::yield();
    }
    answering.join();
    indexing.done();
    EXPECT_TRUE(indexing.take(Priority::kBackground, 0ms)) << "a member that goes holds nobody up";
}

TEST(StepTurns, AStepInWorkIsTimed) {
    StepTurns turns;
    StepTurns::Member member(turns);
    EXPECT_EQ(turns.computing_for(), 0ms);
    ASSERT_TRUE(member.take(Priority::kBackground, 0ms));
    while (turns.computing_for() == 0ms) std::this_thread::yield();  // a hung step is seen to grow
    member.done();
    EXPECT_EQ(turns.computing_for(), 0ms);
    {
        StepTurns::Member gone(turns);
        ASSERT_TRUE(gone.take(Priority::kInteractive, 0ms));
    }
    EXPECT_EQ(turns.computing_for(), 0ms) << "an engine that was closed computes nothing";
}

TEST(StepTurns, ABackgroundEngineThatBecomesInteractiveIsNotHeldUpByItself) {
    StepTurns turns;
    StepTurns::Member member(turns);
    ASSERT_TRUE(member.take(Priority::kInteractive, 0ms));
    member.done();
    EXPECT_TRUE(member.take(Priority::kBackground, 0ms));
    member.done();
    EXPECT_TRUE(member.take(Priority::kInteractive, 0ms));
}

}  // namespace
}  // namespace hearth::llm
