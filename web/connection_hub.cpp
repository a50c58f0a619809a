#include "web/connection_hub.h"

#include "web/connection.h"
#include "web/error_map.h"
#include "web/exchange.h"

namespace hearth::web {

std::string ConnectionHub::why_full(const std::string& peer, bool peer_is_loopback) const {
    const std::lock_guard lock(mutex_);
    if (all_.size() >= kMaxConnections) return "the server has all the connections it can hold";
    const auto found = by_peer_.find(peer);
    const std::size_t limit = peer_is_loopback ? kMaxLoopbackConnections : kMaxConnectionsPerPeer;
    if (found == by_peer_.end() || found->second < limit) return {};
    return "there are " + std::to_string(limit) + " connections from your address already; close some";
}

void ConnectionHub::add(const std::shared_ptr<Connection>& connection, const std::string& peer) {
    const std::lock_guard lock(mutex_);
    all_[connection.get()] = {connection, peer};
    ++by_peer_[peer];
}

void ConnectionHub::remove(Connection* connection) {
    const std::lock_guard lock(mutex_);
    const auto found = all_.find(connection);
    if (found == all_.end()) return;
    const auto peer = by_peer_.find(found->second.peer);
    if (--peer->second == 0) by_peer_.erase(peer);
    all_.erase(found);
}

void ConnectionHub::run_in(WorkerPool& pool, const std::shared_ptr<Exchange>& exchange, std::function<void()> job) {
    if (pool.try_run(std::move(job))) return;
    app.metrics().refused_busy();
    exchange->send(error_response(overloaded()));
    exchange->finish();
}

void ConnectionHub::request_began() {
    const std::lock_guard lock(mutex_);
    ++active_;
}

void ConnectionHub::request_ended() {
    const std::lock_guard lock(mutex_);
    if (--active_ == 0) quiet_.notify_all();
}

bool ConnectionHub::wait_until_quiet(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return quiet_.wait_for(lock, limit, [&] { return active_ == 0; });
}

std::vector<std::shared_ptr<Connection>> ConnectionHub::snapshot() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Connection>> out;
    for (const auto& [key, entry] : all_) {
        if (auto connection = entry.connection.lock()) out.push_back(std::move(connection));
    }
    return out;
}

void ConnectionHub::drain_all() {
    draining = true;
    for (const auto& connection : snapshot()) connection->drain();
}

void ConnectionHub::close_all() {
    for (const auto& connection : snapshot()) connection->close();
}

void ConnectionHub::cancel_all() {
    for (const auto& connection : snapshot()) connection->cancel();
}

}  // namespace hearth::web
