#include "daemon/app.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "agents/agent.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory_ledger.h"
#include "daemon/adapters.h"
#include "daemon/catalog.h"
#include "daemon/folder_status.h"
#include "daemon/home.h"
#include "daemon/notify.h"
#include "daemon/paths.h"
#include "ingest/pipeline.h"
#include "llm/encoder.h"
#include "llm/engine.h"
#include "llm/model_pool.h"
#include "llm/reranker.h"
#include "llm/step_turns.h"
#include "retrieval/corpus.h"
#include "web/server.h"

namespace hearth::daemon {
namespace {

constexpr std::chrono::seconds kLoadGrace{30};
constexpr std::chrono::seconds kStopGrace{
    40};  // beyond the drain: cancelled answers, a worker in its last file, the snapshot
// The longest a working engine can be silent is the prefill of a full context; on a slow core that is minutes.
constexpr std::chrono::minutes kStuckAfter{15};
// A step is cut to last half a second, as far as it was measured; this is one that hangs, on any processor.
constexpr std::chrono::minutes kLongestStep{5};

LogLevel log_level_of(const std::string& name) {
    if (name == "debug") return LogLevel::kDebug;
    if (name == "warn") return LogLevel::kWarn;
    if (name == "error") return LogLevel::kError;
    return LogLevel::kInfo;
}

std::size_t memory_budget_bytes(const Config& config) {
    if (config.memory_budget_mib > 0) return static_cast<std::size_t>(config.memory_budget_mib) << 20;
    return available_memory_bytes() / 4 * 3;
}

Result<std::string> read_api_key(const std::string& path) {
    if (path.empty()) return std::string();
    auto content = read_file(path, 4096);
    if (!content.ok()) return Error(ErrorCode::kInvalidArgument, "server.api_key_file: " + content.error().message);
    std::string key = content->substr(0, content->find_first_of("\r\n"));
    if (key.size() < 16) {
        return Error(ErrorCode::kInvalidArgument,
                     path + " must hold a key of at least 16 characters in its first line");
    }
    return key;
}

agents::AgentOptions agent_options(const Config& config) {
    agents::AgentOptions options;
    options.passages = static_cast<int>(config.passages);
    options.evidence_sentences = static_cast<int>(config.evidence_sentences);
    options.max_steps = static_cast<int>(config.max_steps);
    options.max_answer_tokens = static_cast<int>(config.max_answer_tokens);
    if (config.tools == "never") options.tools = agents::ToolOffer::kNever;
    if (config.tools == "always") options.tools = agents::ToolOffer::kAlways;
    return options;
}

ingest::PipelineOptions pipeline_options(const Config& config, const std::string& extractor) {
    return {.folder = std::filesystem::absolute(config.inbox_path()).lexically_normal().string(),
            .extractor_path = extractor,
            .include = config.include,
            .exclude = config.exclude,
            .max_file_bytes = config.max_file_mib << 20,
            .settle = std::chrono::milliseconds(config.settle_ms),
            .rescan = std::chrono::seconds(config.rescan_seconds),
            .extract_timeout = std::chrono::seconds(config.extract_timeout_seconds),
            .extract_memory_bytes = config.extract_memory_mib << 20,
            .chunk_tokens = static_cast<int>(config.chunk_tokens),
            .chunk_overlap_tokens = static_cast<int>(config.chunk_overlap_tokens)};
}

class RunningApp final : public App {
  public:
    explicit RunningApp(const Config& config) : config_(config), ledger_(memory_budget_bytes(config)) {}
    ~RunningApp() override { stop(); }

    Status start_all(const std::stop_token& cancel);

    const StartSummary& summary() const override { return summary_; }
    Status reload(const Config& config) override;
    std::string status_line() const override;
    void tell_folder() override;
    bool alive() const override {
        return server_->silent_for() < kStuckAfter && turns_->computing_for() < kLongestStep;
    }
    void maintain() override;
    void stop() override;

  private:
    Status start_server();
    Status load_models(const std::stop_token& cancel);
    Status load_reranker();
    Status open_chat_model(const std::stop_token& cancel);
    llm::EngineOptions engine_options() const;
    Result<std::unique_ptr<llm::TextModel>> open_chat_model(const std::string& name, const std::stop_token& cancel);
    Status start_pipeline();
    void open_folder_status();
    void maintain_record();

    Config config_;
    StartSummary summary_;
    MemoryLedger ledger_;
    UniqueFd home_lock_;
    std::unique_ptr<web::Server> server_;
    std::unique_ptr<llm::EmbeddingModel> embedding_model_;
    std::unique_ptr<llm::RerankModel> rerank_model_;  // null: none is configured
    const std::shared_ptr<llm::StepTurns> turns_ = llm::make_step_turns();
    std::unique_ptr<llm::TextModel> chat_model_;
    std::unique_ptr<llm::ModelPool> models_;
    std::unique_ptr<EmbedderAdapter> embedder_;
    std::unique_ptr<RerankerAdapter> reranker_;
    std::unique_ptr<TokenCounterAdapter> token_counter_;
    std::unique_ptr<retrieval::Corpus> corpus_;
    YieldGate gate_;
    std::unique_ptr<CorpusSink> sink_;
    std::unique_ptr<ingest::Pipeline> pipeline_;
    std::unique_ptr<FolderStatusFile> folder_status_;
    std::string folder_told_;  // what it was written from
    std::unique_ptr<agents::Agent> agent_;
    std::string model_problem_;  // why models.chat is not what answers; empty when it does
    std::atomic<bool> maintaining_ = false;
    std::jthread maintenance_;
};

Status RunningApp::start_server() {
    HEARTH_TRY(const std::string key, read_api_key(config_.api_key_file));
    HEARTH_TRY(const std::string ui, ui_directory(config_.ui_directory));
    web::ServerOptions options;
    options.address = config_.address;
    options.port = static_cast<std::uint16_t>(config_.port);
    options.socket_path = config_.socket;
    options.tls_certificate = config_.tls_certificate;
    options.tls_key = config_.tls_key;
    options.api_key = key;
    options.allowed_hosts = config_.allowed_hosts;
    options.ui_directory = ui;
    options.inbox_directory = config_.inbox_path();
    options.state_directory = config_.home;
    options.max_upload_bytes = config_.max_file_mib << 20;
    options.version = HEARTH_VERSION;
    HEARTH_TRY(server_, web::Server::start(options));
    summary_.url = (config_.tls_certificate.empty() ? "http://" : "https://") + config_.address + ":" +
                   std::to_string(server_->port()) + "/";
    return {};
}

llm::EngineOptions RunningApp::engine_options() const {
    llm::EngineOptions options;
    options.context_tokens = static_cast<int>(config_.context_tokens);
    options.threads = static_cast<int>(config_.threads);
    options.max_parallel = static_cast<int>(config_.parallel);
    options.kv_tokens = static_cast<int>(config_.kv_tokens);
    options.kv_bits = static_cast<int>(config_.kv_bits);
    options.turns = turns_;
    options.adapters_directory = config_.adapters_path();
    return options;
}

Result<std::unique_ptr<llm::TextModel>> RunningApp::open_chat_model(const std::string& name,
                                                                    const std::stop_token& cancel) {
    llm::EngineOptions options = engine_options();
    HEARTH_TRY(options.model_path, resolve_model(name, config_.home + "/models"));
    const auto progress = [this](std::size_t done, std::size_t total) {
        const std::size_t percent = total == 0 ? 100 : done * 100 / total;
        const std::string text = "loading the chat model, " + std::to_string(percent) + " %";
        server_->set_starting(text);
        notify::status(text);
        notify::extend_timeout(kLoadGrace);
    };
    return llm::open_text_model(options, ledger_, progress, cancel);
}

/// The configured model, else (missing, damaged, unsupported, too large) the fallback, with the reason kept for status.
Status RunningApp::open_chat_model(const std::stop_token& cancel) {
    auto opened = open_chat_model(config_.chat_model, cancel);
    if (!opened.ok() && !cancel.stop_requested() && !config_.fallback_chat_model.empty() &&
        config_.fallback_chat_model != config_.chat_model) {
        auto fallback = open_chat_model(config_.fallback_chat_model, cancel);
        if (!fallback.ok()) return std::move(opened).error();
        model_problem_ = opened.error().message;
        HEARTH_LOG(kWarn, "daemon", "chat_model_unusable",
                   {{"reason", model_problem_}, {"fallback", config_.fallback_chat_model}});
        opened = std::move(fallback);
    }
    HEARTH_TRY(chat_model_, std::move(opened));
    summary_.chat_model = chat_model_->info().id;
    const llm::ModelPoolOptions pool{.directory = config_.home + "/models",
                                     .engine = engine_options(),
                                     .keep_loaded = std::chrono::seconds(config_.keep_loaded_seconds)};
    models_ = std::make_unique<llm::ModelPool>(pool, *chat_model_, ledger_);
    return {};
}

Status RunningApp::load_models(const std::stop_token& cancel) {
    server_->set_starting("loading the embedding model");
    HEARTH_TRY(const std::string directory, resolve_model(config_.embedding_model, config_.home + "/models"));
    llm::EncoderOptions options;
    options.model_directory = directory;
    options.threads = static_cast<int>(config_.threads);
    HEARTH_TRY(embedding_model_, llm::open_embedding_model(options, ledger_));
    summary_.embedding_model = embedding_model_->id();
    HEARTH_TRY_STATUS(load_reranker());
    if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "stopped while starting");
    HEARTH_TRY_STATUS(open_chat_model(cancel));
    if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "stopped while starting");
    return {};
}

Status RunningApp::load_reranker() {
    if (config_.reranker.empty()) return {};
    HEARTH_TRY(const std::string directory, resolve_model(config_.reranker, config_.home + "/models"));
    HEARTH_TRY(
        rerank_model_,
        llm::open_rerank_model({.model_directory = directory, .threads = static_cast<int>(config_.threads)}, ledger_));
    reranker_ = std::make_unique<RerankerAdapter>(*rerank_model_);
    return {};
}

Status RunningApp::start_pipeline() {
    HEARTH_TRY(const std::string extractor, sibling_program("hearth-extract"));
    HEARTH_TRY(pipeline_,
               ingest::Pipeline::start(pipeline_options(config_, extractor), *sink_, *token_counter_, ledger_));
    return {};
}

Status RunningApp::start_all(const std::stop_token& cancel) {
    set_log_level(log_level_of(config_.log_level));
    HEARTH_TRY_STATUS(make_directories(config_.home));
    HEARTH_TRY_STATUS(make_directories(config_.inbox_path()));
    HEARTH_TRY(home_lock_, lock_home(config_.home));
    summary_.inbox = std::filesystem::absolute(config_.inbox_path()).lexically_normal().string();
    HEARTH_TRY_STATUS(start_server());
    HEARTH_TRY_STATUS(load_models(cancel));
    server_->set_starting("opening the record");
    notify::extend_timeout(kLoadGrace);
    embedder_ = std::make_unique<EmbedderAdapter>(*embedding_model_);
    token_counter_ = std::make_unique<TokenCounterAdapter>(*embedding_model_);
    const retrieval::CorpusOptions corpus{.directory = config_.home, .ledger = &ledger_, .reranker = reranker_.get()};
    HEARTH_TRY(corpus_, retrieval::Corpus::open(corpus, *embedder_));
    sink_ = std::make_unique<CorpusSink>(*corpus_, *embedder_, gate_);
    open_folder_status();
    agent_ = agents::Agent::create(agent_options(config_), *chat_model_, *embedding_model_, *corpus_);
    HEARTH_TRY_STATUS(start_pipeline());
    server_->on_busy_change([this](bool busy) { gate_.set_busy(busy); });
    server_->set_services({.model = chat_model_.get(),
                           .embedder = embedding_model_.get(),
                           .reranker = rerank_model_.get(),
                           .corpus = corpus_.get(),
                           .agent = agent_.get(),
                           .pipeline = pipeline_.get(),
                           .ledger = &ledger_,
                           .models = models_.get(),
                           .model_problem = model_problem_});
    HEARTH_LOG(kInfo, "daemon", "ready",
               {{"url", summary_.url},
                {"inbox", summary_.inbox},
                {"chat_model", summary_.chat_model},
                {"isa", chat_model_->info().isa},
                {"embedding_model", summary_.embedding_model}});
    return {};
}

Status RunningApp::reload(const Config& config) {
    set_log_level(log_level_of(config.log_level));
    Config adopted = config_;
    adopted.log_level = config.log_level;
    adopted.include = config.include;
    adopted.exclude = config.exclude;
    adopted.max_file_mib = config.max_file_mib;
    adopted.settle_ms = config.settle_ms;
    adopted.rescan_seconds = config.rescan_seconds;
    adopted.extract_timeout_seconds = config.extract_timeout_seconds;
    adopted.extract_memory_mib = config.extract_memory_mib;
    adopted.chunk_tokens = config.chunk_tokens;
    adopted.chunk_overlap_tokens = config.chunk_overlap_tokens;
    adopted.status_file = config.status_file;
    if (print_config(adopted) != print_config(config)) {
        HEARTH_LOG(kWarn, "daemon", "reload_needs_restart", {{"for", "settings outside [ingest] and [log]"}});
    }
    config_ = adopted;
    pipeline_->reconfigure(pipeline_options(config_, {}));
    open_folder_status();
    const Status certificate = server_->reload();
    if (!certificate.ok()) {
        HEARTH_LOG(kError, "daemon", "certificate_kept",
                   {{"reason", certificate.error().message}, {"remedy", "mend the files and reload again"}});
    }
    const bool renewed = certificate.ok() && !config_.tls_certificate.empty();
    HEARTH_LOG(kInfo, "daemon", "reloaded",
               {{"for", std::string("[ingest], log.level") + (renewed ? ", certificate" : "")}});
    return certificate;
}

std::string RunningApp::status_line() const {
    const auto counts = corpus_->counts();
    if (!counts.ok()) return "record: " + counts.error().message;
    std::string line = std::to_string(counts->documents_indexed) + " documents indexed";
    if (counts->documents_queued > 0) line += ", " + std::to_string(counts->documents_queued) + " in work";
    if (counts->documents_failed > 0) line += ", " + std::to_string(counts->documents_failed) + " failed";
    line += "; model " + summary_.chat_model;
    if (!model_problem_.empty()) line += " instead of " + config_.chat_model + ": " + model_problem_;
    return line;
}

void RunningApp::open_folder_status() {
    folder_status_ = std::make_unique<FolderStatusFile>(summary_.inbox, config_.status_file == "on");
    folder_told_.clear();
}

void RunningApp::tell_folder() {
    const auto counts = corpus_->counts();
    if (!counts.ok()) return;  // status_line() says so
    const ingest::PipelineCounters pipeline = pipeline_->counters();
    const std::string facts = render_folder_status(*counts, pipeline, {}) + std::to_string(counts->generation);
    if (facts == folder_told_) return;
    const auto documents = corpus_->documents();
    if (!documents.ok()) return;
    const Status told =
        folder_status_->update(render_folder_status(*counts, pipeline, *documents), FolderStatusFile::Clock::now());
    if (told.ok()) folder_told_ = facts;
    if (!told.ok()) HEARTH_LOG(kWarn, "daemon", "folder_status_not_written", {{"reason", told.error().message}});
}

void RunningApp::maintain() {
    server_->maintain();
    if (!pipeline_->idle() || maintaining_.exchange(true)) return;
    maintenance_ = std::jthread([this] {
        maintain_record();
        maintaining_ = false;
    });
}

void RunningApp::maintain_record() {
    const Status done = corpus_->maintain();
    if (!done.ok()) HEARTH_LOG(kWarn, "daemon", "maintain_failed", {{"reason", done.error().message}});
}

void RunningApp::stop() {
    if (server_ == nullptr) return;
    gate_.set_busy(false);
    notify::extend_timeout(std::chrono::seconds(config_.drain_seconds) + kStopGrace);
    server_->stop(std::chrono::seconds(config_.drain_seconds));
    notify::extend_timeout(kStopGrace);
    pipeline_.reset();
    agent_.reset();
    if (maintenance_.joinable()) maintenance_.join();
    if (corpus_ != nullptr) maintain_record();
    server_.reset();
    HEARTH_LOG(kInfo, "daemon", "stopped");
}

}  // namespace

Result<std::unique_ptr<App>> App::start(const Config& config, std::stop_token cancel) {
    auto app = std::make_unique<RunningApp>(config);
    HEARTH_TRY_STATUS(app->start_all(cancel));
    return std::unique_ptr<App>(std::move(app));
}

}  // namespace hearth::daemon
