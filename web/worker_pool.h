// A fixed number of threads behind a bounded queue: handlers that block never block the sockets.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "core/bounded_queue.h"

namespace hearth::web {

/// Jobs must not throw. Destruction runs what is queued, then joins.
class WorkerPool {
  public:
    WorkerPool(int threads, std::size_t capacity) : queue_(capacity) {
        for (int i = 0; i < threads; ++i) {
            threads_.emplace_back([this] {
                while (auto job = queue_.pop()) (*job)();
            });
        }
    }
    ~WorkerPool() { queue_.close(); }
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// False when the queue is full: the job was not taken.
    bool try_run(std::function<void()> job) { return queue_.try_push(std::move(job)); }

  private:
    BoundedQueue<std::function<void()>> queue_;
    std::vector<std::jthread> threads_;  ///< last: joined before the queue goes
};

}  // namespace hearth::web
