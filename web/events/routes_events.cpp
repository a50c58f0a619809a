// GET /v1/events: news of folder, answers and engine as server-sent events, each the whole state of its part.
#include <condition_variable>
#include <map>
#include <mutex>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "core/memory_ledger.h"
#include "web/app.h"
#include "web/limits.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

using nlohmann::json;

json ingest_state(const Services& services) {
    json out = json::object();
    if (services.corpus != nullptr) {
        const auto counts = services.corpus->counts();
        if (counts.ok()) {
            out = {{"indexed", counts->documents_indexed},
                   {"failed", counts->documents_failed},
                   {"queued", counts->documents_queued},
                   {"chunks", counts->chunks},
                   {"generation", counts->generation}};
        }
    }
    if (services.pipeline != nullptr) {
        const ingest::PipelineCounters counters = services.pipeline->counters();
        out["current_path"] = counters.current_path;
        out["paused"] = counters.paused;
        out["deletes_held"] = counters.deletes_held;
        out["problem"] = counters.problem;
    }
    return out;
}

json engine_state(const App& app, const Services& services) {
    json out{{"ready", app.why_not_ready().empty()}, {"reason", app.why_not_ready()}};
    if (services.model != nullptr) out["model"] = services.model->info().id;
    if (services.ledger != nullptr) out["memory_used_bytes"] = services.ledger->used_bytes();
    return out;
}

json answers_state(const App& app) {
    const GenerationFigures figures = app.metrics().generation();
    return {{"running", figures.running},
            {"requests_total", figures.requests_total},
            {"last_tokens_per_second", figures.last_tokens_per_second}};
}

std::map<std::string, json> state_of(const App& app) {
    const Services services = app.services();
    return {
        {"ingest", ingest_state(services)}, {"engine", engine_state(app, services)}, {"answers", answers_state(app)}};
}

/// Every part at first, then each part whenever it differs from what was told.
void events(App& app, Request&, ResponseWriter& writer) {
    StopRegistry::Entry listening(app.listeners(), random_hex(8));
    const std::stop_callback on_gone(writer.cancelled(), [&] { listening.stop().request_stop(); });
    const std::stop_token stop = listening.stop().get_token();
    writer.begin_sse();
    std::map<std::string, json> told;
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        std::string news;
        for (auto& [part, state] : state_of(app)) {
            if (told[part] == state) continue;
            news += "event: " + part + "\ndata: " + dump_json(state) + "\n\n";
            told[part] = std::move(state);
        }
        if (!news.empty() && !writer.write(news)) return;
        woken.wait_for(lock, stop, kEventInterval, [] { return false; });
    }
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/events", Lane::kEvents, BodyKind::kNone, Scope::kRead, events},
};

}  // namespace

std::span<const Route> event_routes() {
    return kRoutes;
}

}  // namespace hearth::web
