// Worker threads for one Ops object: short parallel loops, dynamic chunks, brief spinning, then sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace hearth::llm::cpu {

/// Runs `body(index, thread)` for every index of a loop. The caller works too (as thread 0), so a pool of one has no
/// workers. A worker that is not running when the loop is used up is not waited for: a busy neighbour on its core
/// costs speed, not a stall. One loop at a time, from one calling thread; loops do not nest.
class ThreadPool {
  public:
    /// `threads` >= 1 counts the caller.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const noexcept { return static_cast<int>(workers_.size()) + 1; }

    /// `count` < 2^24. `body` must not throw.
    template <typename Body>
    void parallel_for(std::int64_t count, const Body& body) {
        if (count <= 0) return;
        if (count == 1 || workers_.empty()) {
            for (std::int64_t i = 0; i < count; ++i) body(i, 0);
            return;
        }
        run(
            count,
            [](const void* context, std::int64_t index, int thread) {
                (*static_cast<const Body*>(context))(index, thread);
            },
            &body);
    }

  private:
    using Function = void (*)(const void* context, std::int64_t index, int thread);

    void run(std::int64_t count, Function function, const void* context);
    bool take_and_run(int thread);
    void work(int thread);
    void wait_for_next(std::uint32_t seen);

    // Loop length and next index in one word, so that a late worker can only ever claim an index of the loop it
    // reads the word of. function_ and context_ are stable while any index of the loop is unfinished.
    alignas(64) std::atomic<std::uint64_t> ticket_{0};
    alignas(64) std::atomic<std::uint32_t> done_{0};
    alignas(64) std::atomic<std::uint32_t> epoch_{0};
    std::atomic<int> sleepers_{0};
    std::atomic<bool> stopping_{false};
    Function function_ = nullptr;
    const void* context_ = nullptr;
    std::vector<std::thread> workers_;
};

}  // namespace hearth::llm::cpu
