// A lock that is granted in the order of asking, so that a short request waits for one piece of a long one only.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace hearth::llm {

/// Lockable (std::lock_guard). Fair, unlike std::mutex.
class Turnstile {
  public:
    void lock() {
        std::unique_lock guard(mutex_);
        const std::uint64_t ticket = next_ticket_++;
        turn_.wait(guard, [&] { return serving_ == ticket; });
    }

    void unlock() {
        {
            const std::lock_guard guard(mutex_);
            ++serving_;
        }
        turn_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable turn_;
    std::uint64_t next_ticket_ = 0;
    std::uint64_t serving_ = 0;
};

}  // namespace hearth::llm
