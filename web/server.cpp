#include "web/server.h"

#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "core/log.h"
#include "web/access.h"
#include "web/connection.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptRetry{100};  // out of descriptors: wait for some to be closed

/// For a connection that is turned away before its request is read.
std::string full_reply(const std::string& why) {
    Response response = error_response({503, why, "overloaded", {}, "overloaded", kRetryAfter});
    response.set("Content-Length", std::to_string(response.body.size()));
    response.set("Connection", "close");
    return response_head(response) + response.body;
}

/// Accepts until told to stop. Touched on its own strand only.
class Listener : public std::enable_shared_from_this<Listener> {
  public:
    Listener(asio::io_context& io, std::shared_ptr<ConnectionHub> hub)
        : io_(io), acceptor_(asio::make_strand(io)), retry_(acceptor_.get_executor()), hub_(std::move(hub)) {}

    Status listen(const std::string& address, std::uint16_t port) {
        error_code error;
        const auto parsed = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
        if (error) {
            return Error(ErrorCode::kInvalidArgument,
                         "'" + address + "' is not an IP address; use 127.0.0.1, ::1 or an address of this machine");
        }
        const tcp::endpoint endpoint(parsed, port);
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (!error) return {};
        const std::string where = address + ":" + std::to_string(port);
        if (error == asio::error::address_in_use) {
            return Error(
                ErrorCode::kUnavailable,
                where + " is in use by another program; stop it, or choose another port (--port, or server.port)");
        }
        return Error(ErrorCode::kUnavailable, "cannot listen on " + where + ": " + error.message() +
                                                  "; choose another server.address or server.port");
    }

    std::uint16_t port() const {
        error_code ignored;
        return acceptor_.local_endpoint(ignored).port();
    }

    void accept() {
        acceptor_.async_accept(asio::make_strand(io_),
                               [self = shared_from_this()](error_code error, tcp::socket socket) {
                                   self->on_accept(error, std::move(socket));
                               });
    }

    void stop() {
        asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
            error_code ignored;
            self->acceptor_.close(ignored);
            self->retry_.cancel();
        });
    }

  private:
    void on_accept(error_code error, tcp::socket socket) {
        if (!acceptor_.is_open()) return;
        if (error) {
            retry_.expires_after(kAcceptRetry);
            retry_.async_wait([self = shared_from_this()](error_code cancelled) {
                if (!cancelled && self->acceptor_.is_open()) self->accept();
            });
            return;
        }
        const std::string peer = peer_address(socket);
        if (const std::string why = hub_->why_full(peer, is_loopback(peer)); !why.empty()) {
            const std::string reply = full_reply(why);
            error_code ignored;
            socket.non_blocking(true, ignored);
            socket.send(asio::buffer(reply), 0, ignored);
            socket.shutdown(tcp::socket::shutdown_both, ignored);
        } else {
            serve_connection(std::move(socket), hub_);
        }
        accept();
    }

    asio::io_context& io_;
    tcp::acceptor acceptor_;
    asio::steady_timer retry_;
    std::shared_ptr<ConnectionHub> hub_;
};

/// Order of destruction matters: connections go with the io_context, after the threads that run it.
class BeastServer : public Server {
  public:
    explicit BeastServer(const ServerOptions& options) : app_(options) {
        short_pool_.emplace(kShortThreads, kShortQueue);
        bulk_pool_.emplace(kBulkThreads, kBulkQueue);
        generation_pool_.emplace(kGenerationThreads, kGenerationQueue);
        event_pool_.emplace(kEventThreads, kEventQueue);
        hub_ = std::make_shared<ConnectionHub>(app_,
                                               WorkerPools{*short_pool_, *bulk_pool_, *generation_pool_, *event_pool_});
        listener_ = std::make_shared<Listener>(io_, hub_);
    }
    ~BeastServer() override { stop(std::chrono::milliseconds(0)); }

    Status begin(const ServerOptions& options) {
        HEARTH_TRY_STATUS(listener_->listen(options.address, options.port));
        port_ = listener_->port();
        listener_->accept();
        for (int i = 0; i < kIoThreads; ++i) threads_.emplace_back([this] { io_.run(); });
        HEARTH_LOG(kInfo, "web", "listening", {{"address", options.address}, {"port", static_cast<int>(port_)}});
        return {};
    }

    std::uint16_t port() const override { return port_; }
    void set_starting(const std::string& why) override { app_.set_starting(why); }
    void set_services(const Services& services) override { app_.set_services(services); }
    void on_busy_change(std::function<void(bool)> callback) override { app_.on_busy_change(std::move(callback)); }

    std::chrono::seconds silent_for() const override { return app_.metrics().generation_silent_for(); }

    void maintain() override {
        const Status saved = app_.gate().save();
        if (!saved.ok()) HEARTH_LOG(kWarn, "web", "key_use_not_kept", {{"error", saved.error().message}});
    }

    void stop(std::chrono::milliseconds drain) override {
        if (stopped_) return;
        stopped_ = true;
        listener_->stop();
        app_.listeners().cancel_all();
        hub_->drain_all();
        if (!threads_.empty() && !hub_->wait_until_quiet(drain)) {
            HEARTH_LOG(kInfo, "web", "drain_deadline", {{"ms", static_cast<long>(drain.count())}});
            hub_->cancel_all();
            hub_->wait_until_quiet(kAfterCancel);
        }
        app_.running().cancel_all();  // those in the background, which no connection waits for
        short_pool_.reset();          // first: its jobs hand on to the generation pool
        bulk_pool_.reset();
        event_pool_.reset();
        generation_pool_.reset();  // all joined: no handler runs past here, so the services may go
        app_.set_services({});
        io_.stop();
        threads_.clear();
        hub_->close_all();
        maintain();
    }

  private:
    static constexpr std::chrono::milliseconds kAfterCancel{2000};  // for the last bytes to leave

    App app_;
    std::optional<WorkerPool> short_pool_;
    std::optional<WorkerPool> bulk_pool_;
    std::optional<WorkerPool> generation_pool_;
    std::optional<WorkerPool> event_pool_;
    std::shared_ptr<ConnectionHub> hub_;
    asio::io_context io_{kIoThreads};
    std::shared_ptr<Listener> listener_;
    std::vector<std::jthread> threads_;
    std::uint16_t port_ = 0;
    bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options) {
    const bool has_key = !options.api_key.empty() || KeyFile(keys_path(options.state_directory)).required();
    if (!is_loopback(options.address) && !has_key) {
        return Error(
            ErrorCode::kInvalidArgument,
            "listening on " + options.address + " lets others in: add an API key (hearth keys add) or use 127.0.0.1");
    }
    if (!options.inbox_directory.empty()) remove_stale_uploads(options.inbox_directory);
    auto server = std::make_unique<BeastServer>(options);
    HEARTH_TRY_STATUS(server->begin(options));
    return std::unique_ptr<Server>(std::move(server));
}

}  // namespace hearth::web
