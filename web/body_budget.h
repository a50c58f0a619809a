// How many bytes of request bodies the server holds at once, over all connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace hearth::web {

/// Thread-safe.
class BodyBudget {
  public:
    explicit BodyBudget(std::size_t limit) : limit_(limit) {}

    bool take(std::size_t bytes) noexcept {
        std::size_t used = used_.load();
        do {
            if (bytes > limit_ - used) return false;
        } while (!used_.compare_exchange_weak(used, used + bytes));
        return true;
    }
    void give_back(std::size_t bytes) noexcept { used_ -= bytes; }
    std::size_t used() const noexcept { return used_; }

  private:
    const std::size_t limit_;
    std::atomic<std::size_t> used_{0};
};

/// One request's share of the budget, given back with it. The budget must outlive it.
class BodyLease {
  public:
    BodyLease() = default;
    BodyLease(BodyLease&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    BodyLease& operator=(BodyLease&&) = delete;
    ~BodyLease() {
        if (budget_ != nullptr) budget_->give_back(bytes_);
    }

    /// Makes the share at least `bytes`. False when the budget has no room for it.
    bool grow_to(BodyBudget& budget, std::size_t bytes) noexcept {
        if (bytes <= bytes_) return true;
        if (!budget.take(bytes - bytes_)) return false;
        budget_ = &budget;
        bytes_ = bytes;
        return true;
    }

  private:
    BodyBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace hearth::web
