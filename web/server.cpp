#include "web/server.h"

#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/log.h"
#include "web/access.h"
#include "web/limits.h"
#include "web/listener.h"
#include "web/tls.h"

namespace hearth::web {
namespace {

namespace asio = boost::asio;

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
        HEARTH_TRY_STATUS(reload());
        HEARTH_TRY_STATUS(listener_->listen_tcp(options.address, options.port));
        port_ = listener_->port();
        if (!options.socket_path.empty()) {
            auto local = std::make_shared<Listener>(io_, hub_);
            HEARTH_TRY_STATUS(local->listen_unix(options.socket_path));
            local_listener_ = std::move(local);
            local_listener_->accept();
        }
        listener_->accept();
        for (int i = 0; i < kIoThreads; ++i) threads_.emplace_back([this] { io_.run(); });
        HEARTH_LOG(kInfo, "web", "listening",
                   {{"address", options.address},
                    {"port", static_cast<int>(port_)},
                    {"tls", !options.tls_certificate.empty()},
                    {"socket", options.socket_path}});
        return {};
    }

    std::uint16_t port() const override { return port_; }
    void set_starting(const std::string& why) override { app_.set_starting(why); }
    void set_services(const Services& services) override { app_.set_services(services); }
    void on_busy_change(std::function<void(bool)> callback) override { app_.on_busy_change(std::move(callback)); }

    std::chrono::seconds silent_for() const override { return app_.metrics().generation_silent_for(); }

    Status reload() override {
        const ServerOptions& options = app_.options();
        if (options.tls_certificate.empty() && options.tls_key.empty()) return {};
        HEARTH_TRY(auto context, load_tls(options.tls_certificate, options.tls_key));
        listener_->use_tls(std::move(context));
        return {};
    }

    void maintain() override {
        const Status saved = app_.gate().save();
        if (!saved.ok()) HEARTH_LOG(kWarn, "web", "key_use_not_kept", {{"error", saved.error().message}});
    }

    void stop(std::chrono::milliseconds drain) override {
        if (stopped_) return;
        stopped_ = true;
        listener_->stop();
        if (local_listener_) local_listener_->stop();
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
    std::shared_ptr<Listener> local_listener_;  ///< null without a UNIX socket
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
