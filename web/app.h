// Everything behind the sockets: routes, guards, metrics, and the services once they are loaded.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "web/audit/audit_log.h"
#include "web/auth/gate.h"
#include "web/error_map.h"
#include "web/http.h"
#include "web/metrics.h"
#include "web/router.h"
#include "web/server.h"
#include "web/static_files.h"
#include "web/stop_registry.h"
#include "web/stores/answer_store.h"

namespace hearth::web {

/// What to do with a request once its head is known, before any body is read.
struct Plan {
    std::optional<Response> refusal;  ///< set: answer this and read no body
    const Route* route = nullptr;
    std::size_t max_body_bytes = 0;
    std::vector<Header> headers;  ///< of the answer, whichever it is
};

/// Thread-safe. Owns no threads and no sockets: tests call plan() and run() directly.
class App {
  public:
    explicit App(ServerOptions options);

    /// Guards and routing. Fills request.captures. Never blocks.
    Plan plan(Request& request);
    /// The route's first step, for the short lane. False when that was the whole answer.
    bool prepare(const Plan& plan, Request& request, ResponseWriter& writer);
    /// Runs the route and records its metrics. Blocks as long as its lane allows.
    void run(const Plan& plan, Request& request, ResponseWriter& writer);
    /// Headers every response carries, the request id first.
    static void add_common_headers(const Request& request, Response& response);

    const ServerOptions& options() const noexcept { return options_; }
    Services services() const;
    void set_services(const Services& services);
    void set_starting(const std::string& why);
    /// Empty when model, embedder, corpus and agent are all there; otherwise what is missing.
    std::string why_not_ready() const;
    void on_busy_change(std::function<void(bool)> callback);

    Metrics& metrics() noexcept { return metrics_; }
    const Metrics& metrics() const noexcept { return metrics_; }
    const StaticFiles& files() const noexcept { return files_; }
    Gate& gate() noexcept { return gate_; }
    const AuditLog& audit() const noexcept { return audit_; }
    std::span<const Route> routes() const noexcept { return routes_; }  ///< all but the page's files
    std::int64_t started_at() const noexcept { return started_at_; }    ///< UNIX seconds

    /// Null when it could not be opened, or no state directory is configured: nothing is kept then.
    AnswerStore* store() const noexcept { return store_.get(); }
    StopRegistry& running() noexcept { return running_; }      ///< responses
    StopRegistry& listeners() noexcept { return listeners_; }  ///< of /v1/events

    /// Counts a person's waiting; the first and the last report a change of busy.
    class BusyScope {
      public:
        explicit BusyScope(App& app) : app_(app) { app_.change_busy(1); }
        ~BusyScope() { app_.change_busy(-1); }
        BusyScope(const BusyScope&) = delete;
        BusyScope& operator=(const BusyScope&) = delete;

      private:
        App& app_;
    };

  private:
    Plan guarded_plan(Request& request);
    bool run_step(const Plan& plan, Request& request, ResponseWriter& writer,
                  const std::function<bool(ResponseWriter&)>& step);
    /// Before the answer goes: who reads that a thing was done finds it in the log.
    void audit(const Plan& plan, const Request& request, int status);
    void change_busy(int by);

    const ServerOptions options_;
    const std::vector<Route> routes_;
    const StaticFiles files_;
    const std::int64_t started_at_;
    Metrics metrics_;
    const std::unique_ptr<AnswerStore> store_;
    StopRegistry running_;
    StopRegistry listeners_;
    Gate gate_;
    AuditLog audit_;
    mutable std::mutex services_mutex_;
    Services services_;
    std::string starting_ = "loading";
    std::mutex busy_mutex_;  ///< held while the callback runs: changes must arrive in order
    int busy_ = 0;
    std::function<void(bool)> busy_callback_;
};

}  // namespace hearth::web
