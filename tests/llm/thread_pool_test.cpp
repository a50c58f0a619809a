// The pool under llm/cpu: every index once, writes ordered, sleepers woken, clean stops.
#include "llm/cpu/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace hearth::llm::cpu {
namespace {

TEST(ThreadPool, RunsEveryIndexOnceInEveryLoop) {
    for (const int threads : {1, 2, 5}) {
        ThreadPool pool(threads);
        EXPECT_EQ(pool.threads(), threads);
        for (const std::int64_t count : {0, 1, 2, 3, 64, 1000}) {
            for (int repeat = 0; repeat < 50; ++repeat) {
                std::vector<std::atomic<int>> runs(static_cast<std::size_t>(count));
                std::atomic<bool> bad_thread{false};
                pool.parallel_for(count, [&](std::int64_t i, int thread) {
                    runs[static_cast<std::size_t>(i)].fetch_add(1, std::memory_order_relaxed);
                    if (thread < 0 || thread >= threads) bad_thread = true;
                });
                for (const auto& ran : runs) ASSERT_EQ(ran.load(), 1) << threads << " threads, count " << count;
                ASSERT_FALSE(bad_thread);
            }
        }
    }
}

TEST(ThreadPool, SeesWhatTheLoopBodiesWrote) {
    ThreadPool pool(3);
    std::vector<std::int64_t> values(4096);
    for (std::int64_t round = 1; round <= 200; ++round) {
        // Plain memory: parallel_for itself must order the writes before its return.
        pool.parallel_for(64, [&](std::int64_t chunk, int) {
            for (std::int64_t i = chunk * 64; i < (chunk + 1) * 64; ++i) {
                values[static_cast<std::size_t>(i)] = i * round;
            }
        });
        for (std::int64_t i = 0; i < 4096; ++i) ASSERT_EQ(values[static_cast<std::size_t>(i)], i * round);
    }
}

TEST(ThreadPool, WakesSleepingWorkers) {
    ThreadPool pool(2);
    for (int round = 0; round < 20; ++round) {
        // Both indexes wait for each other: the loop ends only if a second thread took part, asleep or not.
        std::atomic<int> arrived{0};
        pool.parallel_for(2, [&](std::int64_t, int) {
            arrived.fetch_add(1);
            while (arrived.load() < 2) std::this_thread::yield();
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(round % 2));
    }
}

TEST(ThreadPool, StopsWhileWorkersSpinOrSleep) {
    for (int i = 0; i < 50; ++i) {
        ThreadPool pool(4);
        if (i % 2 == 0) pool.parallel_for(8, [](std::int64_t, int) {});
    }
}

}  // namespace
}  // namespace hearth::llm::cpu
