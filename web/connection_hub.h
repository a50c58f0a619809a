// What all connections of a server share: who is connected, what is being answered, and what that may cost together.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "web/app.h"
#include "web/body_budget.h"
#include "web/limits.h"
#include "web/worker_pool.h"

namespace hearth::web {

class Connection;
class Exchange;

struct WorkerPools {
    WorkerPool& short_jobs;
    WorkerPool& bulk_jobs;
    WorkerPool& generations;
    WorkerPool& events;
};

/// Thread-safe.
class ConnectionHub {
  public:
    ConnectionHub(App& the_app, WorkerPools the_pools)
        : app(the_app), pools(the_pools), bodies(the_app.options().max_bodies_bytes) {}

    App& app;
    const WorkerPools pools;
    std::atomic<bool> draining{false};
    BodyBudget bodies;

    /// Empty when one more connection from `peer` is welcome, else why not, for the client.
    std::string why_full(const std::string& peer, bool peer_is_loopback) const;
    void add(const std::shared_ptr<Connection>& connection, const std::string& peer);
    void remove(Connection* connection);
    /// Runs `job` in `pool`, or tells the client of `exchange` that too many wait there.
    void run_in(WorkerPool& pool, const std::shared_ptr<Exchange>& exchange, std::function<void()> job);
    void request_began();
    void request_ended();
    /// True when no request is being answered.
    bool wait_until_quiet(std::chrono::milliseconds limit);
    /// Idle connections close now, busy ones after their answer.
    void drain_all();
    /// Requests cancellation of everything that is being answered.
    void cancel_all();
    /// Once no thread runs connections any more: lets go of those whose last bytes nobody took.
    void close_all();

  private:
    struct Entry {
        std::weak_ptr<Connection> connection;
        std::string peer;
    };
    std::vector<std::shared_ptr<Connection>> snapshot() const;

    mutable std::mutex mutex_;
    std::condition_variable quiet_;
    std::map<Connection*, Entry> all_;
    std::map<std::string, std::size_t> by_peer_;
    std::size_t active_ = 0;
};

}  // namespace hearth::web
