// Where the folders meet: retrieval's Embedder and ingest's Sink and TokenCounter, over the engine and the record.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "ingest/sink.h"
#include "llm/encoder.h"
#include "retrieval/corpus.h"
#include "retrieval/embedder.h"

namespace hearth::daemon {

/// Holds background work while a person waits for an answer. Thread-safe.
class YieldGate {
  public:
    void set_busy(bool busy);
    /// Returns at once when nobody waits, else when they are served or `stop` is requested.
    void wait_until_free(const std::stop_token& stop);

  private:
    std::mutex mutex_;
    std::condition_variable_any free_;
    bool busy_ = false;
};

/// Queries and background chunks share one embedding model; it serialises them itself.
class EmbedderAdapter final : public retrieval::Embedder {
  public:
    explicit EmbedderAdapter(llm::EmbeddingModel& model) : model_(model) {}
    std::string id() const override { return model_.id(); }
    int dimensions() const override { return model_.dimensions(); }
    Result<std::vector<float>> embed(std::span<const std::string> texts) override { return model_.embed(texts); }

  private:
    llm::EmbeddingModel& model_;
};

class TokenCounterAdapter final : public ingest::TokenCounter {
  public:
    explicit TokenCounterAdapter(const llm::EmbeddingModel& model) : model_(model) {}
    std::vector<ingest::TextSpan> token_spans(std::string_view text) const override;
    int max_chunk_tokens() const override { return model_.max_tokens() - 2; }  // [CLS] and [SEP]

  private:
    const llm::EmbeddingModel& model_;
};

/// Finished files into the record: blob, embeddings in small batches (each a point where a chat gets the cores), one
/// transaction.
class CorpusSink final : public ingest::Sink {
  public:
    CorpusSink(retrieval::Corpus& corpus, llm::EmbeddingModel& model, YieldGate& gate)
        : corpus_(corpus), model_(model), gate_(gate) {}

    Result<std::vector<ingest::KnownFile>> known_files() override;
    Status store(const ingest::IngestedFile& file, std::stop_token stop) override;
    Status reject(const ingest::RejectedFile& file) override;
    Status rename(const std::string& old_path, const std::string& new_path) override;
    Status touch(const std::string& path, std::int64_t size_bytes, std::int64_t modified_ns) override;
    Status remove(const std::string& path) override;
    void work_state(const std::string& path, ingest::WorkState state) override;

  private:
    Result<std::vector<float>> embed_chunks(const ingest::IngestedFile& file, const std::stop_token& stop);

    retrieval::Corpus& corpus_;
    llm::EmbeddingModel& model_;
    YieldGate& gate_;
};

}  // namespace hearth::daemon
