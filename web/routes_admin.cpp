// Health, metrics and status: what a supervisor, a scraper and the chat page ask.
#include <chrono>
#include <ctime>
#include <filesystem>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/memory_ledger.h"
#include "web/app.h"
#include "web/limits.h"
#include "web/model_json.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

using nlohmann::json;

void healthz(App&, Request&, ResponseWriter& writer) {
    writer.send(json_response(R"({"status":"ok"})"));
}

void readyz(App& app, Request&, ResponseWriter& writer) {
    const std::string why = app.why_not_ready();
    if (why.empty()) {
        writer.send(json_response(R"({"status":"ready"})"));
        return;
    }
    Response response = error_response(not_ready(why));
    json body = json::parse(response.body);
    body["status"] = "starting";
    body["reason"] = why;
    response.body = dump_json(body);
    writer.send(std::move(response));
}

json engine_status(const llm::TextModel& model) {
    const llm::ModelInfo& info = model.info();
    const llm::EngineStats stats = model.stats();
    return {
        {"running", stats.running},
        {"waiting", stats.waiting},
        {"kv_blocks", {{"total", stats.kv_blocks}, {"free", stats.kv_blocks_free}, {"cached", stats.kv_blocks_cached}}},
        {"prompt_tokens_computed", stats.prompt_tokens},
        {"prompt_tokens_cached", stats.cached_tokens},
        {"draft_tokens", stats.draft_tokens},
        {"draft_tokens_accepted", stats.accepted_draft_tokens},
        {"model", info.id},
        {"architecture", info.architecture},
        {"context_tokens", info.context_tokens},
        {"weight_bytes", info.weight_bytes},
        {"isa", info.isa},
        {"threads", info.threads}};
}

json models_status(const Services& services) {
    json out = json::array();
    for (const llm::PooledModel& model : chat_models(services)) {
        out.push_back(model_state_json(model));
        out.back()["id"] = model.id;
    }
    return out;
}

json embedder_status(const llm::EmbeddingModel& model) {
    return {{"id", model.id()},
            {"dimensions", model.dimensions()},
            {"max_tokens", model.max_tokens()},
            {"isa", model.isa()}};
}

json counts_status(const retrieval::Corpus& corpus) {
    const auto counts = corpus.counts();
    if (!counts.ok()) return {{"error", counts.error().message}};
    return {{"documents_indexed", counts->documents_indexed},
            {"documents_failed", counts->documents_failed},
            {"documents_queued", counts->documents_queued},
            {"chunks", counts->chunks},
            {"generation", counts->generation}};
}

json pipeline_status(const ingest::Pipeline& pipeline) {
    const ingest::PipelineCounters counters = pipeline.counters();
    return {{"idle", pipeline.idle()},
            {"queued", counters.queued},
            {"processed_total", counters.processed_total},
            {"failed_total", counters.failed_total},
            {"bytes_total", counters.bytes_total},
            {"inotify_overflows_total", counters.inotify_overflows_total},
            {"current_path", counters.current_path},
            {"paused", counters.paused},
            {"deletes_held", counters.deletes_held},
            {"problem", counters.problem}};
}

json memory_status(const MemoryLedger& ledger) {
    json parts = json::array();
    for (const auto& [name, bytes] : ledger.parts()) parts.push_back({{"name", name}, {"bytes", bytes}});
    return {{"budget_bytes", ledger.budget_bytes()}, {"used_bytes", ledger.used_bytes()}, {"parts", std::move(parts)}};
}

json disk_status(const std::string& directory) {
    std::error_code error;
    const auto space = std::filesystem::space(directory, error);
    if (error) return {{"error", error.message()}};
    return {{"total_bytes", space.capacity}, {"free_bytes", space.available}};
}

void status(App& app, Request&, ResponseWriter& writer) {
    const Services services = app.services();
    const std::string why = app.why_not_ready();
    const GenerationFigures generation = app.metrics().generation();
    json out{{"version", app.options().version},
             {"ready", why.empty()},
             {"reason", why},
             {"inbox", app.options().inbox_directory},
             {"uptime_seconds", std::time(nullptr) - app.started_at()},
             {"generation",
              {{"running", generation.running},
               {"requests_total", generation.requests_total},
               {"last_tokens_per_second", generation.last_tokens_per_second}}},
             {"limits",
              {{"max_upload_bytes", app.options().max_upload_bytes},
               {"max_body_bytes", app.options().max_body_bytes},
               {"max_connections", kMaxConnections},
               {"generation_queue", kGenerationQueue}}}};
    if (services.model != nullptr) out["engine"] = engine_status(*services.model);
    if (services.model != nullptr) out["engine"]["problem"] = services.model_problem;
    if (services.model != nullptr) out["models"] = models_status(services);
    if (services.embedder != nullptr) out["embedder"] = embedder_status(*services.embedder);
    if (services.reranker != nullptr) out["reranker"] = {{"id", services.reranker->id()}};
    if (services.corpus != nullptr) out["counts"] = counts_status(*services.corpus);
    if (services.pipeline != nullptr) out["pipeline"] = pipeline_status(*services.pipeline);
    if (!app.options().inbox_directory.empty()) out["disk"] = disk_status(app.options().inbox_directory);
    if (services.ledger != nullptr) out["memory"] = memory_status(*services.ledger);
    writer.send(json_response(dump_json(out)));
}

/// Recounts the whole record: for `hearth doctor`.
void verify(App& app, Request&, ResponseWriter& writer) {
    const retrieval::Corpus* corpus = app.services().corpus;
    if (corpus == nullptr) {
        writer.send(error_response(not_ready(app.why_not_ready())));
        return;
    }
    const auto mismatches = corpus->verify();
    if (!mismatches.ok()) {
        writer.send(error_response(api_error(mismatches.error())));
        return;
    }
    writer.send(json_response(dump_json({{"mismatches", *mismatches}})));
}

void gauge(PrometheusText& out, const char* name, const char* help, double value) {
    out.family(name, "gauge", help);
    out.sample(name, "", value);
}

void counter(PrometheusText& out, const char* name, const char* help, double value) {
    out.family(name, "counter", help);
    out.sample(name, "", value);
}

void write_corpus(PrometheusText& out, const retrieval::Corpus& corpus) {
    const auto counts = corpus.counts();
    if (!counts.ok()) return;
    out.family("hearth_documents", "gauge", "Files of the folder by state.");
    const std::pair<const char*, std::int64_t> states[] = {{"indexed", counts->documents_indexed},
                                                           {"failed", counts->documents_failed},
                                                           {"queued", counts->documents_queued}};
    for (const auto& [state, count] : states) {
        out.sample("hearth_documents", PrometheusText::label("state", state), static_cast<double>(count));
    }
    gauge(out, "hearth_index_vectors", "Chunks that can be found.", static_cast<double>(counts->chunks));
    counter(out, "hearth_record_generation_total", "Committed changes of the record.",
            static_cast<double>(counts->generation));
}

void write_pipeline(PrometheusText& out, const ingest::Pipeline& pipeline) {
    const ingest::PipelineCounters counters = pipeline.counters();
    gauge(out, "hearth_ingest_queued", "Files waiting.", static_cast<double>(counters.queued));
    counter(out, "hearth_ingest_files_total", "Files indexed since start.",
            static_cast<double>(counters.processed_total));
    counter(out, "hearth_ingest_failures_total", "Files refused since start.",
            static_cast<double>(counters.failed_total));
    counter(out, "hearth_ingest_bytes_total", "Bytes of indexed files since start.",
            static_cast<double>(counters.bytes_total));
    counter(out, "hearth_ingest_inotify_overflows_total", "Times the kernel dropped change notices.",
            static_cast<double>(counters.inotify_overflows_total));
    gauge(out, "hearth_ingest_deletes_held", "1 while a mass deletion waits for confirmation.",
          counters.deletes_held ? 1 : 0);
}

void write_engine(PrometheusText& out, const llm::EngineStats& stats) {
    gauge(out, "hearth_engine_running", "Answers computed together now.", stats.running);
    gauge(out, "hearth_engine_waiting", "Requests waiting for the engine.", stats.waiting);
    out.family("hearth_engine_kv_blocks", "gauge", "Blocks of 16 tokens in the KV cache.");
    const std::pair<const char*, int> states[] = {{"free", stats.kv_blocks_free}, {"total", stats.kv_blocks}};
    for (const auto& [state, blocks] : states)
        out.sample("hearth_engine_kv_blocks", PrometheusText::label("state", state), blocks);
    gauge(out, "hearth_engine_prefix_cache_blocks", "Blocks that remember beginnings of prompts.",
          stats.kv_blocks_cached);
    counter(out, "hearth_engine_steps_total", "Passes over the weights.", static_cast<double>(stats.steps));
    counter(out, "hearth_engine_prompt_tokens_computed_total", "Prompt tokens computed.",
            static_cast<double>(stats.prompt_tokens));
    counter(out, "hearth_engine_preemptions_total", "Answers put back for want of KV blocks.",
            static_cast<double>(stats.preemptions));
    counter(out, "hearth_engine_draft_tokens_total", "Tokens guessed by prompt lookup.",
            static_cast<double>(stats.draft_tokens));
    counter(out, "hearth_engine_draft_tokens_accepted_total", "Guesses that the model chose too.",
            static_cast<double>(stats.accepted_draft_tokens));
}

void write_memory(PrometheusText& out, const MemoryLedger& ledger) {
    gauge(out, "hearth_memory_budget_bytes", "Memory hearth may use.", static_cast<double>(ledger.budget_bytes()));
    out.family("hearth_memory_used_bytes", "gauge", "Reserved memory by part.");
    for (const auto& [part, bytes] : ledger.parts()) {
        out.sample("hearth_memory_used_bytes", PrometheusText::label("part", part), static_cast<double>(bytes));
    }
}

void metrics(App& app, Request&, ResponseWriter& writer) {
    const Services services = app.services();
    PrometheusText out;
    out.family("hearth_build_info", "gauge", "Always 1; the labels say what runs.");
    std::string labels = PrometheusText::label("version", app.options().version);
    if (services.model != nullptr) labels += "," + PrometheusText::label("model", services.model->info().id);
    out.sample("hearth_build_info", labels, 1);
    gauge(out, "hearth_ready", "1 when questions are answered.", app.why_not_ready().empty() ? 1 : 0);
    gauge(out, "hearth_start_time_seconds", "UNIX time of the start.", static_cast<double>(app.started_at()));
    app.metrics().write(out);
    if (services.model != nullptr) write_engine(out, services.model->stats());
    if (services.corpus != nullptr) write_corpus(out, *services.corpus);
    if (services.pipeline != nullptr) write_pipeline(out, *services.pipeline);
    if (services.ledger != nullptr) write_memory(out, *services.ledger);
    Response response;
    response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = out.take();
    writer.send(std::move(response));
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/healthz", Lane::kInline, BodyKind::kNone, Scope::kPublic, healthz},
    {Method::kGet, "/livez", Lane::kInline, BodyKind::kNone, Scope::kPublic, healthz},
    {Method::kGet, "/readyz", Lane::kInline, BodyKind::kNone, Scope::kPublic, readyz},
    {Method::kGet, "/metrics", Lane::kShort, BodyKind::kNone, Scope::kRead, metrics},
    {Method::kGet, "/v1/status", Lane::kShort, BodyKind::kNone, Scope::kRead, status},
    {Method::kGet, "/v1/verify", Lane::kBulk, BodyKind::kNone, Scope::kAdmin, verify},
};

}  // namespace

std::span<const Route> admin_routes() {
    return kRoutes;
}

}  // namespace hearth::web
