// One client's connection: reads requests, hands them to the app in order, writes the answers, watches for hang-ups.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "web/app.h"
#include "web/worker_pool.h"

namespace hearth::web {

class Connection;

/// What all connections of a server share. Thread-safe.
class ConnectionHub {
  public:
    ConnectionHub(App& the_app, WorkerPool& short_jobs, WorkerPool& generations)
        : app(the_app), short_pool(short_jobs), generation_pool(generations) {}

    App& app;
    WorkerPool& short_pool;
    WorkerPool& generation_pool;
    std::atomic<bool> draining{false};

    std::size_t connections() const;
    void add(const std::shared_ptr<Connection>& connection);
    void remove(Connection* connection);
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
    std::vector<std::shared_ptr<Connection>> snapshot() const;

    mutable std::mutex mutex_;
    std::condition_variable quiet_;
    std::map<Connection*, std::weak_ptr<Connection>> all_;
    std::size_t active_ = 0;
};

/// Takes the socket over; its executor must be a strand.
void serve_connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<ConnectionHub> hub);

}  // namespace hearth::web
