// Where the folders meet: retrieval's Embedder and ingest's Sink and TokenCounter, over the engine and the record.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "ingest/sink.h"
#include "llm/encoder.h"
#include "llm/reranker.h"
#include "retrieval/corpus.h"
#include "retrieval/embedder.h"
#include "retrieval/reranker.h"

namespace hearth::daemon {

/// Holds background work while a person waits for an answer. Thread-safe.
class YieldGate {
  public:
    void set_busy(bool busy);
    /// Returns at once when nobody waits, else when they are served or `stop` is requested, and after two seconds at
    /// the latest: a house full of chats must not stop the folder from being read.
    void wait_until_free(const std::stop_token& stop);

  private:
    std::mutex mutex_;
    std::condition_variable_any free_;
    bool busy_ = false;
};

/// Queries and the chunks of all files in work share one embedding model, in the order in which they come: between two
/// batches of a large file everybody else has a turn.
class EmbedderAdapter final : public retrieval::Embedder {
  public:
    explicit EmbedderAdapter(llm::EmbeddingModel& model) : model_(model) {}
    std::string id() const override { return model_.id(); }
    int dimensions() const override { return model_.dimensions(); }
    Result<std::vector<float>> embed(std::span<const std::string> texts) override { return embed(texts, {}); }
    Result<std::vector<float>> embed(std::span<const std::string> texts, const std::stop_token& stop);

  private:
    void wait_for_turn();
    void end_turn();

    llm::EmbeddingModel& model_;
    std::mutex mutex_;
    std::condition_variable turn_ended_;
    std::uint64_t next_ticket_ = 0;
    std::uint64_t serving_ = 0;
};

class RerankerAdapter final : public retrieval::Reranker {
  public:
    explicit RerankerAdapter(llm::RerankModel& model) : model_(model) {}
    Result<std::vector<float>> score(const std::string& question, std::span<const std::string> passages) override;

  private:
    llm::RerankModel& model_;
};

class TokenCounterAdapter final : public ingest::TokenCounter {
  public:
    explicit TokenCounterAdapter(const llm::EmbeddingModel& model) : model_(model) {}
    std::vector<ingest::TextSpan> token_spans(std::string_view text) const override;
    int max_chunk_tokens() const override { return model_.max_tokens() - 2; }  // [CLS] and [SEP]

  private:
    const llm::EmbeddingModel& model_;
};

/// Files into the record: the blob first, then embeddings in small batches (each a point where a chat gets the cores)
/// and one transaction.
class CorpusSink final : public ingest::Sink {
  public:
    CorpusSink(retrieval::Corpus& corpus, EmbedderAdapter& embedder, YieldGate& gate)
        : corpus_(corpus), embedder_(embedder), gate_(gate) {}

    Result<std::vector<ingest::KnownFile>> known_files() override;
    Result<ingest::KeptFile> keep(int file_fd, const std::string& path, bool growing, std::stop_token stop) override;
    Status store(const ingest::IngestedFile& file, std::stop_token stop) override;
    Status reject(const ingest::RejectedFile& file) override;
    Status rename(const std::string& old_path, const std::string& new_path, const ingest::FileStamp& stamp,
                  const std::string& read_with) override;
    Status touch(const std::string& path, const ingest::FileStamp& stamp, const std::string& read_with) override;
    Status remove(const std::string& path) override;
    void work_state(const std::string& path, ingest::WorkState state) override;
    Result<std::string> note(const std::string& name) override { return corpus_.note(name); }
    Status set_note(const std::string& name, const std::string& value) override {
        return corpus_.set_note(name, value);
    }
    std::size_t bytes_per_chunk() const override;

  private:
    Result<std::vector<float>> embed_chunks(const ingest::IngestedFile& file, const std::stop_token& stop);

    retrieval::Corpus& corpus_;
    EmbedderAdapter& embedder_;
    YieldGate& gate_;
};

}  // namespace hearth::daemon
