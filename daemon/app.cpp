#include "daemon/app.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "agents/agent.h"
#include "core/file.h"
#include "core/log.h"
#include "core/memory_ledger.h"
#include "daemon/adapters.h"
#include "daemon/catalog.h"
#include "daemon/notify.h"
#include "daemon/paths.h"
#include "ingest/pipeline.h"
#include "llm/encoder.h"
#include "llm/engine.h"
#include "retrieval/corpus.h"
#include "web/server.h"

namespace hearth::daemon {
namespace {

constexpr std::chrono::seconds kLoadGrace{30};

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

/// One daemon per home: the lock lives as long as the descriptor.
Result<UniqueFd> lock_home(const std::string& home) {
    const std::string path = home + "/lock";
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) return errno_error("open", path, errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return Error(ErrorCode::kUnavailable,
                     "another hearthd already runs with the home " + home + "; stop it or choose another with --home");
    }
    return fd;
}

Result<std::string> read_api_key(const std::string& path) {
    if (path.empty()) return std::string();
    HEARTH_TRY(std::string key, read_file(path, 4096));
    key = key.substr(0, key.find_first_of("\r\n"));
    if (key.size() < 16) {
        return Error(ErrorCode::kInvalidArgument,
                     path + " must hold a key of at least 16 characters in its first line");
    }
    return key;
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
    void maintain() override;
    void stop() override;

  private:
    Status start_server();
    Status load_models(const std::stop_token& cancel);
    Status open_chat_model();
    Status start_pipeline();

    Config config_;
    StartSummary summary_;
    MemoryLedger ledger_;
    UniqueFd home_lock_;
    std::unique_ptr<web::Server> server_;
    std::unique_ptr<llm::EmbeddingModel> embedding_model_;
    std::unique_ptr<llm::TextModel> chat_model_;
    std::unique_ptr<EmbedderAdapter> embedder_;
    std::unique_ptr<TokenCounterAdapter> token_counter_;
    std::unique_ptr<retrieval::Corpus> corpus_;
    YieldGate gate_;
    std::unique_ptr<CorpusSink> sink_;
    std::unique_ptr<ingest::Pipeline> pipeline_;
    std::unique_ptr<agents::Agent> agent_;
};

Status RunningApp::start_server() {
    HEARTH_TRY(const std::string key, read_api_key(config_.api_key_file));
    HEARTH_TRY(const std::string ui, ui_directory(config_.ui_directory));
    web::ServerOptions options;
    options.address = config_.address;
    options.port = static_cast<std::uint16_t>(config_.port);
    options.api_key = key;
    options.ui_directory = ui;
    options.inbox_directory = config_.inbox_path();
    options.max_upload_bytes = config_.max_file_mib << 20;
    options.version = HEARTH_VERSION;
    HEARTH_TRY(server_, web::Server::start(options));
    summary_.url = "http://" + config_.address + ":" + std::to_string(server_->port()) + "/";
    return {};
}

Status RunningApp::open_chat_model() {
    const std::string models = config_.home + "/models";
    auto path = resolve_model(config_.chat_model, models);
    if (!path.ok()) {
        HEARTH_LOG(kWarn, "daemon", "chat_model_missing",
                   {{"reason", path.error().message}, {"fallback", config_.fallback_chat_model}});
        HEARTH_TRY(path, resolve_model(config_.fallback_chat_model, models));
    }
    llm::EngineOptions options;
    options.model_path = *path;
    options.context_tokens = static_cast<int>(config_.context_tokens);
    options.threads = static_cast<int>(config_.threads);
    const auto progress = [this](std::size_t done, std::size_t total) {
        const std::size_t percent = total == 0 ? 100 : done * 100 / total;
        const std::string text = "loading the chat model, " + std::to_string(percent) + " %";
        server_->set_starting(text);
        notify::status(text);
        notify::extend_timeout(kLoadGrace);
    };
    HEARTH_TRY(chat_model_, llm::open_text_model(options, ledger_, progress));
    summary_.chat_model = chat_model_->info().id;
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
    if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "stopped while starting");
    HEARTH_TRY_STATUS(open_chat_model());
    if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "stopped while starting");
    return {};
}

Status RunningApp::start_pipeline() {
    HEARTH_TRY(const std::string extractor, sibling_program("hearth-extract"));
    HEARTH_TRY(pipeline_, ingest::Pipeline::start(pipeline_options(config_, extractor), *sink_, *token_counter_));
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
    HEARTH_TRY(corpus_, retrieval::Corpus::open({.directory = config_.home}, *embedder_));
    sink_ = std::make_unique<CorpusSink>(*corpus_, *embedding_model_, gate_);
    agents::AgentOptions agent_options;
    agent_options.passages = static_cast<int>(config_.passages);
    agent_options.max_steps = static_cast<int>(config_.max_steps);
    agent_options.max_answer_tokens = static_cast<int>(config_.max_answer_tokens);
    agent_ = agents::Agent::create(agent_options, *chat_model_, *embedding_model_, *corpus_);
    HEARTH_TRY_STATUS(start_pipeline());
    server_->on_busy_change([this](bool busy) { gate_.set_busy(busy); });
    server_->set_services({.model = chat_model_.get(),
                           .embedder = embedding_model_.get(),
                           .corpus = corpus_.get(),
                           .agent = agent_.get(),
                           .pipeline = pipeline_.get(),
                           .ledger = &ledger_});
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
    if (print_config(adopted) != print_config(config)) {
        HEARTH_LOG(kWarn, "daemon", "reload_needs_restart", {{"for", "settings outside [ingest] and [log]"}});
    }
    config_ = adopted;
    return {};
}

std::string RunningApp::status_line() const {
    const auto counts = corpus_->counts();
    if (!counts.ok()) return "record: " + counts.error().message;
    std::string line = std::to_string(counts->documents_indexed) + " documents indexed";
    if (counts->documents_queued > 0) line += ", " + std::to_string(counts->documents_queued) + " in work";
    if (counts->documents_failed > 0) line += ", " + std::to_string(counts->documents_failed) + " failed";
    return line + "; model " + summary_.chat_model;
}

void RunningApp::maintain() {
    if (!pipeline_->idle()) return;
    const Status done = corpus_->maintain();
    if (!done.ok()) HEARTH_LOG(kWarn, "daemon", "maintain_failed", {{"reason", done.error().message}});
}

void RunningApp::stop() {
    if (server_ == nullptr) return;
    gate_.set_busy(false);
    server_->stop(std::chrono::seconds(config_.drain_seconds));
    pipeline_.reset();
    agent_.reset();
    if (corpus_ != nullptr) {
        const Status done = corpus_->maintain();
        if (!done.ok()) HEARTH_LOG(kWarn, "daemon", "maintain_failed", {{"reason", done.error().message}});
    }
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
