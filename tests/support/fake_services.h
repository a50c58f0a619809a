// Stand-ins for the engine, embedder, corpus, agent and pipeline: scripted, fast, and countable from a test.
#pragma once

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "core/utf8.h"
#include "web/server.h"

namespace hearth::test {

/// Waits that end at once when `cancel` is requested.
inline void wait_or_cancel(std::chrono::milliseconds time, const std::stop_token& cancel) {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, cancel, time, [] { return false; });
}

/// Says its `words` one by one; with tools in the request it calls the first one instead.
class ScriptedModel : public llm::TextModel {
  public:
    ScriptedModel() {
        info_.id = "fake-0.5b-q4";
        info_.architecture = "fake";
        info_.context_tokens = 8192;
        info_.isa = "scripted";
        info_.threads = 1;
    }

    std::vector<std::string> words{"Plain ", "words ", "from ", "the ", "engine \xC3\xA9."};
    std::chrono::milliseconds pause{0};
    std::optional<Error> error;
    std::atomic<int> running{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> words_said{0};

    /// What the last call was asked.
    llm::GenerateRequest last() const {
        const std::lock_guard lock(mutex_);
        return last_;
    }

    const llm::ModelInfo& info() const override { return info_; }
    Result<llm::Completion> generate(const llm::GenerateRequest& request, const llm::TextSink& sink,
                                     std::stop_token cancel) override {
        {
            const std::lock_guard lock(mutex_);
            last_ = request;
        }
        if (error) return *error;
        ++running;
        llm::Completion out = say(request, sink, cancel);
        --running;
        if (out.finish_reason == llm::FinishReason::kCancelled) ++cancelled;
        return out;
    }
    Result<int> count_prompt_tokens(const llm::GenerateRequest& request) override {
        return static_cast<int>(request.messages.size()) * 5;
    }
    Result<std::string> render_prompt(const llm::GenerateRequest& request) const override {
        std::string out;
        for (const llm::Message& message : request.messages) out += "<m>" + message.content;
        return out;
    }
    /// A token is a byte.
    std::vector<int> tokenize(std::string_view text, bool = false) const override {
        return std::vector<int>(text.begin(), text.end());
    }
    Result<std::string> detokenize(std::span<const int> ids) const override {
        std::string out;
        for (const int id : ids) {
            if (id < 0 || id > 255) return Error(ErrorCode::kInvalidArgument, "no such token");
            out += static_cast<char>(id);
        }
        return out;
    }

  private:
    llm::Completion say(const llm::GenerateRequest& request, const llm::TextSink& sink, const std::stop_token& cancel) {
        llm::Completion out;
        out.usage.prompt_tokens = static_cast<int>(request.messages.size()) * 5;
        if (request.thinking) {
            for (const char* part : {"Let me ", "see."}) {
                out.thought += part;
                if (request.thought_sink) request.thought_sink(part);
            }
            out.usage.thought_tokens = 2;
        }
        if (!request.tools.empty() && request.tool_choice != llm::ToolChoice::kNone) {
            out.tool_calls.push_back({"call_1", request.tools.front().name, R"({"city":"Oslo"})"});
            out.finish_reason = llm::FinishReason::kToolCalls;
            return out;
        }
        for (const std::string& word : words) {
            if (pause.count() > 0) wait_or_cancel(pause, cancel);
            if (request.top_logprobs) score(word, request, out);
            if (cancel.stop_requested() || !sink(word)) {
                out.finish_reason = llm::FinishReason::kCancelled;
                return out;
            }
            ++words_said;
            out.text += word;
            if (++out.usage.completion_tokens == request.max_tokens) {
                out.finish_reason = llm::FinishReason::kLength;
                return out;
            }
        }
        return out;
    }

    /// Every word is a token of probability exp(-0.5).
    static void score(const std::string& word, const llm::GenerateRequest& request, llm::Completion& out) {
        llm::TokenScore score{{7, word, -0.5f}, {}};
        for (int i = 0; i < *request.top_logprobs; ++i) score.top.push_back({i, "alt", -1.0f - static_cast<float>(i)});
        out.tokens.push_back(score);
        if (request.token_sink) request.token_sink(score);
    }

    llm::ModelInfo info_;
    mutable std::mutex mutex_;
    llm::GenerateRequest last_;
};

/// Four dimensions that depend on the text's length only.
class ScriptedEmbedder : public llm::EmbeddingModel {
  public:
    const std::string& id() const override { return id_; }
    int dimensions() const override { return 4; }
    int max_tokens() const override { return 256; }
    const std::string& isa() const override { return isa_; }
    Result<std::vector<float>> embed(std::span<const std::string> texts, std::stop_token) override {
        std::vector<float> out;
        for (const std::string& text : texts) {
            const float n = static_cast<float>(text.size());
            const float length = std::sqrt(1 + n * n + 4 + 9);
            for (const float x : {1.0f, n, 2.0f, 3.0f}) out.push_back(x / length);
        }
        return out;
    }
    std::vector<llm::TokenSpan> token_spans(std::string_view text) const override {
        return std::vector<llm::TokenSpan>((text.size() + 3) / 4);
    }

  private:
    std::string id_ = "fake-embedder";
    std::string isa_ = "scripted";
};

/// A text's logit is 4 less its difference in length to the query.
class ScriptedReranker : public llm::RerankModel {
  public:
    const std::string& id() const override { return id_; }
    int max_tokens() const override { return 512; }
    const std::string& isa() const override { return id_; }
    Result<Scores> score(const std::string& query, std::span<const std::string> texts, std::stop_token) override {
        Scores out;
        for (const std::string& text : texts) {
            const auto difference = static_cast<float>(text.size()) - static_cast<float>(query.size());
            out.logits.push_back(4 - std::fabs(difference));
            out.tokens += (query.size() + text.size()) / 4;
        }
        return out;
    }

  private:
    std::string id_ = "fake-reranker";
};

/// Documents held in memory; every search finds the first chunks of all of them.
class MemoryCorpus : public retrieval::Corpus {
  public:
    struct Entry {
        retrieval::DocumentStatus status;
        std::string text;
        std::vector<retrieval::ChunkRef> chunks;
    };

    void add(Entry entry) {
        const std::lock_guard lock(mutex_);
        entries_[entry.status.document.id] = std::move(entry);
    }
    void erase(const std::string& id) {
        const std::lock_guard lock(mutex_);
        entries_.erase(id);
    }
    retrieval::Query last_query() const {
        const std::lock_guard lock(mutex_);
        return last_query_;
    }

    Result<std::vector<retrieval::Hit>> search(const retrieval::Query& query) const override {
        const std::lock_guard lock(mutex_);
        last_query_ = query;
        std::vector<retrieval::Hit> out;
        for (const auto& [id, entry] : entries_) {
            for (const auto& chunk : entry.chunks) {
                if (static_cast<int>(out.size()) == query.k) return out;
                const double score = 0.9 / static_cast<double>(out.size() + 1);
                out.push_back({entry.status.document,
                               chunk,
                               entry.text.substr(chunk.span.start, chunk.span.end - chunk.span.start),
                               score,
                               {score * 10, out.empty() ? std::nullopt : std::optional<double>(score), score}});
            }
        }
        return out;
    }
    Result<std::vector<retrieval::DocumentStatus>> documents(const std::string& collection) const override {
        const std::lock_guard lock(mutex_);
        std::vector<retrieval::DocumentStatus> out;
        for (const auto& [id, entry] : entries_) {
            if (collection.empty() || entry.status.document.collection == collection) out.push_back(entry.status);
        }
        return out;
    }
    Result<retrieval::DocumentStatus> document(const std::string& id) const override {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(id);
        if (found == entries_.end()) return Error(ErrorCode::kNotFound, "there is no document " + id);
        return found->second.status;
    }
    Result<retrieval::Passage> passage(const std::string& id, retrieval::Span span,
                                       std::size_t context) const override {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(id);
        if (found == entries_.end()) return Error(ErrorCode::kNotFound, "there is no document " + id);
        const std::string& text = found->second.text;
        const std::size_t end = std::min(text.size(), span.end);
        const std::size_t from = utf8_floor(text, span.start > context ? span.start - context : 0);
        const std::size_t to = utf8_floor(text, std::min(text.size(), end + context));
        return retrieval::Passage{found->second.status.document,
                                  found->second.status.title,
                                  {span.start, end},
                                  {from, to},
                                  text.substr(from, to - from),
                                  text.size()};
    }
    Result<retrieval::Hit> chunk(const std::string& id) const override {
        return Error(ErrorCode::kNotFound, "there is no chunk " + id);
    }
    Result<retrieval::CorpusCounts> counts() const override {
        const std::lock_guard lock(mutex_);
        retrieval::CorpusCounts out;
        for (const auto& [id, entry] : entries_) {
            if (entry.status.state == retrieval::DocumentState::kIndexed)
                ++out.documents_indexed;
            else if (entry.status.state == retrieval::DocumentState::kFailed)
                ++out.documents_failed;
            else
                ++out.documents_queued;
            out.chunks += entry.status.chunks;
        }
        return out;
    }

    Result<std::vector<retrieval::TableInfo>> tables(const retrieval::TableScope& scope) const override {
        const std::lock_guard lock(mutex_);
        std::vector<retrieval::TableInfo> out;
        for (const auto& table : tables_) {
            if (scope.collection.empty() || table.document.collection == scope.collection) out.push_back(table);
        }
        return out;
    }
    /// Answers every statement with the scripted rows, out of the first table.
    Result<retrieval::TableAnswer> query_tables(const std::string& sql, const retrieval::TableScope&) const override {
        const std::lock_guard lock(mutex_);
        last_sql_ = sql;
        if (table_rows.columns.empty()) return Error(ErrorCode::kNotFound, "no such table: nowhere");
        return retrieval::TableAnswer{table_rows, {tables_.front()}};
    }
    void add_table(retrieval::TableInfo table) {
        const std::lock_guard lock(mutex_);
        tables_.push_back(std::move(table));
    }
    std::string last_sql() const {
        const std::lock_guard lock(mutex_);
        return last_sql_;
    }
    SqlRows table_rows;

    Result<retrieval::KeptBlob> keep_blob(int, const std::string&, retrieval::SourceFile, std::stop_token) override {
        return retrieval::KeptBlob{};
    }
    void set_in_work(const std::string&, retrieval::DocumentState) override {}
    void clear_in_work(const std::string&) override {}
    Status put_version(const retrieval::NewVersion&) override { return {}; }
    Status put_failure(const retrieval::FailedFile&) override { return {}; }
    Status rename_document(const std::string&, const std::string&, const retrieval::FileState&) override { return {}; }
    Status touch_document(const std::string&, const retrieval::FileState&) override { return {}; }
    Status remove_document(const std::string&) override { return {}; }
    Result<std::string> note(const std::string&) const override { return std::string(); }
    Status set_note(const std::string&, const std::string&) override { return {}; }
    void on_change(std::function<void()>) override {}
    Result<std::vector<std::string>> verify() const override { return std::vector<std::string>{}; }
    Status maintain() override { return {}; }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
    mutable retrieval::Query last_query_;
    std::vector<retrieval::TableInfo> tables_;
    mutable std::string last_sql_;
};

/// Runs `script` for every question.
class ScriptedAgent : public agents::Agent {
  public:
    using Script = std::function<Result<agents::Answer>(const agents::AskRequest&, const agents::EventSink&,
                                                        const std::stop_token&)>;
    Script script;

    Result<agents::Answer> ask(const agents::AskRequest& request, const agents::EventSink& sink,
                               std::stop_token cancel) override {
        return script(request, sink, cancel);
    }
};

class CountingPipeline : public ingest::Pipeline {
  public:
    std::atomic<int> rescans{0};
    std::atomic<int> confirmations{0};
    ingest::PipelineCounters figures;
    std::vector<std::string> reindexed;
    std::function<void()> on_rescan;

    void rescan() override {
        ++rescans;
        if (on_rescan) on_rescan();
    }
    void reconfigure(const ingest::PipelineOptions&) override {}
    void confirm_deletes() override { ++confirmations; }
    Status set_paused(bool paused) override {
        figures.paused = paused;
        return {};
    }
    Result<std::size_t> reindex(const std::string& glob) override {
        reindexed.push_back(glob);
        return glob == "nothing" ? 0 : 1;
    }
    ingest::PipelineCounters counters() const override { return figures; }
    bool idle() const override { return figures.current_path.empty(); }
};

}  // namespace hearth::test
