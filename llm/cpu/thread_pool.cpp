#include "llm/cpu/thread_pool.h"

#include <chrono>

#include "core/check.h"

namespace hearth::llm::cpu {
namespace {

constexpr int kIndexBits = 24;
constexpr std::uint64_t kIndexMask = (std::uint64_t{1} << kIndexBits) - 1;
// Longer than the serial work between two loops of a decode step, shorter than it takes to notice as load.
constexpr auto kSpin = std::chrono::microseconds(20);
constexpr int kPausesPerClockRead = 32;

inline void pause_once() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

/// True when `ready` came true while spinning.
template <typename Ready>
bool spin_until(const Ready& ready) {
    const auto deadline = std::chrono::steady_clock::now() + kSpin;
    do {
        for (int i = 0; i < kPausesPerClockRead; ++i) {
            if (ready()) return true;
            pause_once();
        }
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
    HEARTH_CHECK(threads >= 1);
    workers_.reserve(static_cast<std::size_t>(threads - 1));
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

ThreadPool::~ThreadPool() {
    stopping_.store(true);
    epoch_.fetch_add(1);
    epoch_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(std::int64_t count, Function function, const void* context) {
    HEARTH_CHECK(count <= static_cast<std::int64_t>(kIndexMask));
    function_ = function;
    context_ = context;
    done_.store(0, std::memory_order_relaxed);
    ticket_.store(static_cast<std::uint64_t>(count) << kIndexBits, std::memory_order_release);
    epoch_.fetch_add(1);
    if (sleepers_.load() > 0) epoch_.notify_all();
    while (take_and_run(0)) {
    }
    const auto all = static_cast<std::uint32_t>(count);
    const auto finished = [&] { return done_.load(std::memory_order_acquire) == all; };
    if (spin_until(finished)) return;
    for (std::uint32_t now = done_.load(std::memory_order_acquire); now != all;
         now = done_.load(std::memory_order_acquire)) {
        done_.wait(now, std::memory_order_acquire);
    }
}

bool ThreadPool::take_and_run(int thread) {
    const std::uint64_t ticket = ticket_.fetch_add(1, std::memory_order_acq_rel);
    const std::uint64_t index = ticket & kIndexMask;
    const std::uint64_t count = ticket >> kIndexBits;
    if (index >= count) return false;
    function_(context_, static_cast<std::int64_t>(index), thread);
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == count) done_.notify_one();
    return true;
}

void ThreadPool::work(int thread) {
    std::uint32_t seen = 0;
    for (;;) {
        wait_for_next(seen);
        seen = epoch_.load();
        if (stopping_.load()) return;
        while (take_and_run(thread)) {
        }
    }
}

void ThreadPool::wait_for_next(std::uint32_t seen) {
    if (spin_until([&] { return epoch_.load(std::memory_order_acquire) != seen; })) return;
    sleepers_.fetch_add(1);
    epoch_.wait(seen);
    sleepers_.fetch_sub(1);
}

}  // namespace hearth::llm::cpu
