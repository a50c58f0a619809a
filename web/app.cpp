#include "web/app.h"

#include <ctime>
#include <exception>

#include "core/log.h"
#include "web/access.h"
#include "web/limits.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

std::vector<Route> all_routes() {
    std::vector<Route> out;
    for (const auto part : {chat_routes(),         anthropic_routes(),  ollama_generate_routes(),
                            ollama_model_routes(), completion_routes(), token_routes(),
                            rerank_routes(),       model_routes(),      search_routes(),
                            document_routes(),     ingest_routes(),     admin_routes(),
                            openapi_routes(),      response_routes(),   file_routes(),
                            vector_store_routes(), receipt_routes(),    tool_routes(),
                            event_routes(),        audit_routes()}) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

/// Passes everything through and remembers the status for metrics and log. `before_answer` is called once with it.
class StatusRecorder : public ResponseWriter {
  public:
    StatusRecorder(ResponseWriter& inner, std::function<void(int)> before_answer)
        : inner_(inner), before_answer_(std::move(before_answer)) {}
    bool send(Response response) override {
        const int status = response.status;
        tell(status);
        if (!inner_.send(std::move(response))) return false;
        status_ = status;
        return true;
    }
    void begin_stream(StreamKind kind) override {
        status_ = 200;
        tell(status_);
        inner_.begin_stream(kind);
    }
    bool write(std::string_view bytes) override { return inner_.write(bytes); }
    std::stop_token cancelled() const override { return inner_.cancelled(); }
    void release() override { inner_.release(); }
    int status() const noexcept { return status_; }

    void tell(int status) {
        if (auto before_answer = std::exchange(before_answer_, nullptr)) before_answer(status);
    }

  private:
    ResponseWriter& inner_;
    std::function<void(int)> before_answer_;
    int status_ = 500;
};

/// A store that cannot be opened costs what it keeps, not the answers.
std::unique_ptr<AnswerStore> open_store(const std::string& directory) {
    if (directory.empty()) return nullptr;
    auto store = AnswerStore::open(directory + "/answers.db");
    if (store.ok()) return std::move(*store);
    HEARTH_LOG(kError, "web", "answers_not_opened", {{"error", store.error().message}});
    return nullptr;
}

std::optional<Response> refusal_of(const std::optional<ApiError>& error) {
    if (!error) return std::nullopt;
    return error_response(*error);
}

Response no_route(const Request& request, const std::string& allowed) {
    if (allowed.empty()) {
        return error_response(
            {404, "there is no " + request.path + " here", "invalid_request_error", {}, "not_found", {}});
    }
    Response response;
    if (request.method == Method::kOptions) {
        response.status = 204;
    } else {
        response = error_response(
            {405,
             std::string(method_name(request.method)) + " is not possible on " + request.path + "; use " + allowed,
             "invalid_request_error",
             {},
             "method_not_allowed",
             {}});
    }
    response.set("Allow", allowed);
    return response;
}

}  // namespace

App::App(ServerOptions options)
    : options_(std::move(options)),
      routes_(all_routes()),
      files_(StaticFiles::load(options_.ui_directory)),
      started_at_(std::time(nullptr)),
      store_(open_store(options_.state_directory)),
      gate_(options_),
      audit_(options_.state_directory) {}

Plan App::plan(Request& request) {
    Plan plan = guarded_plan(request);
    if (plan.refusal) metrics_.request_done("refused", method_name(request.method), plan.refusal->status, 0);
    return plan;
}

Plan App::guarded_plan(Request& request) {
    Plan plan;
    plan.refusal = refusal_of(check_host(request, options_));
    if (plan.refusal) return plan;
    RouteMatch match = match_route(routes_, request.method, request.path);
    if (match.route == nullptr && match.allowed.empty() && files_.find(request.path) != nullptr) {
        match.route = &static_file_route();
        if (request.method != Method::kGet && request.method != Method::kHead) {
            match.route = nullptr;
            match.allowed = "GET, HEAD";
        }
    }
    plan.refusal = refusal_of(check_origin(request));
    const Needs needs = match.route == nullptr ? Needs{Scope::kRead}
                                               : Needs{match.route->scope, match.route->lane == Lane::kGeneration};
    if (!plan.refusal) plan.refusal = refusal_of(gate_.admit(request, needs, plan.headers));
    if (!plan.refusal && match.route == nullptr) plan.refusal = no_route(request, match.allowed);
    if (plan.refusal) return plan;
    plan.route = match.route;
    request.captures = std::move(match.captures);
    plan.max_body_bytes = kMaxIgnoredBodyBytes;
    if (plan.route->body == BodyKind::kMemory) plan.max_body_bytes = options_.max_body_bytes;
    if (plan.route->body == BodyKind::kFile) {
        plan.max_body_bytes = static_cast<std::size_t>(options_.max_upload_bytes) + kMultipartSlackBytes;
    }
    return plan;
}

bool App::prepare(const Plan& plan, Request& request, ResponseWriter& writer) {
    if (plan.route->prepare == nullptr) return true;
    return run_step(plan, request, writer,
                    [&](ResponseWriter& recorder) { return plan.route->prepare(*this, request, recorder); });
}

void App::run(const Plan& plan, Request& request, ResponseWriter& writer) {
    run_step(plan, request, writer, [&](ResponseWriter& recorder) {
        plan.route->handler(*this, request, recorder);
        return false;
    });
}

/// `step` returns whether more steps follow; without more the request is measured.
bool App::run_step(const Plan& plan, Request& request, ResponseWriter& writer,
                   const std::function<bool(ResponseWriter&)>& step) {
    const auto begin = std::chrono::steady_clock::now();
    StatusRecorder recorder(writer, [&](int status) { audit(plan, request, status); });
    try {
        if (step(recorder)) return true;
    } catch (const std::exception& error) {
        HEARTH_LOG(kError, "web", "handler_failed",
                   {{"request", request.id}, {"route", plan.route->pattern}, {"what", error.what()}});
        recorder.send(error_response(
            {500, "the request failed inside hearth; its log has the details", "server_error", {}, "internal", {}}));
    }
    recorder.tell(recorder.status());  // of a route that gave no answer
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    metrics_.request_done(plan.route->pattern, method_name(request.method), recorder.status(), seconds.count());
    HEARTH_LOG(kDebug, "web", "request",
               {{"request", request.id},
                {"route", plan.route->pattern},
                {"status", recorder.status()},
                {"seconds", seconds.count()}});
    return false;
}

/// A log that cannot be written does not undo what was done: the daemon's own log says so.
void App::audit(const Plan& plan, const Request& request, int status) {
    if (!is_audited(*plan.route)) return;
    const Status kept = audit_.record(*plan.route, request, status, std::time(nullptr));
    if (kept.ok()) return;
    HEARTH_LOG(kError, "web", "audit_not_kept", {{"request", request.id}, {"error", kept.error().message}});
}

void App::add_common_headers(const Request& request, Response& response) {
    response.headers.insert(response.headers.begin(), {"X-Request-Id", request.id});
    response.set("X-Content-Type-Options", "nosniff");
    for (const Header& header : response.headers) {
        if (header.name == "Cache-Control") return;
    }
    response.set("Cache-Control", "no-store");
}

Services App::services() const {
    const std::lock_guard lock(services_mutex_);
    return services_;
}

void App::set_services(const Services& services) {
    const std::lock_guard lock(services_mutex_);
    services_ = services;
}

void App::set_starting(const std::string& why) {
    const std::lock_guard lock(services_mutex_);
    starting_ = why;
}

std::string App::why_not_ready() const {
    const std::lock_guard lock(services_mutex_);
    const bool ready = services_.model != nullptr && services_.embedder != nullptr && services_.corpus != nullptr &&
                       services_.agent != nullptr;
    if (ready) return {};
    return starting_.empty() ? "loading" : starting_;
}

void App::on_busy_change(std::function<void(bool)> callback) {
    const std::lock_guard lock(busy_mutex_);
    busy_callback_ = std::move(callback);
}

void App::change_busy(int by) {
    const std::lock_guard lock(busy_mutex_);
    const bool before = busy_ > 0;
    busy_ += by;
    const bool now = busy_ > 0;
    if (now != before && busy_callback_) busy_callback_(now);
}

}  // namespace hearth::web
