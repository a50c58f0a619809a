// The corpus: one writer connection behind a lock, a pool of readers, the blobs, and the index that searches hold.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/sqlite.h"
#include "retrieval/blob_store.h"
#include "retrieval/corpus.h"
#include "retrieval/feedback.h"
#include "retrieval/fts_words.h"
#include "retrieval/lexical.h"
#include "retrieval/query_cache.h"
#include "retrieval/reader_pool.h"
#include "retrieval/record.h"
#include "retrieval/vector_index.h"

namespace hearth::retrieval {

class CorpusImpl final : public Corpus {
    struct Private {};  // only open() constructs

  public:
    CorpusImpl(Private, const CorpusOptions& options, Embedder& embedder, Database writer, BlobStore blobs,
               std::shared_ptr<const VectorIndex> index);
    static Result<std::unique_ptr<Corpus>> open(const CorpusOptions& options, Embedder& embedder);

    Result<std::vector<Hit>> search(const Query& query) const override;
    Result<std::vector<DocumentStatus>> documents(const std::string& collection) const override;
    Result<DocumentStatus> document(const std::string& id) const override;
    Result<Passage> passage(const std::string& document_id, Span span, std::size_t context_bytes) const override;
    Result<Hit> chunk(const std::string& chunk_id) const override;
    Result<CorpusCounts> counts() const override;
    Result<std::vector<TableInfo>> tables(const TableScope& scope) const override;
    Result<TableAnswer> query_tables(const std::string& sql, const TableScope& scope) const override;

    Result<KeptBlob> keep_blob(int source_fd, const std::string& name, SourceFile source,
                               std::stop_token stop) override;
    void set_in_work(const std::string& path, DocumentState state) override;
    void clear_in_work(const std::string& path) override;
    Status put_version(const NewVersion& version) override;
    Status put_failure(const FailedFile& failure) override;
    Status rename_document(const std::string& old_path, const std::string& new_path, const FileState& file) override;
    Status touch_document(const std::string& path, const FileState& file) override;
    Status remove_document(const std::string& path) override;
    Result<std::string> note(const std::string& key) const override;
    Status set_note(const std::string& key, const std::string& value) override;

    void on_change(std::function<void()> callback) override;
    Result<std::vector<std::string>> verify() const override;
    Status maintain() override;

  private:
    /// What a write changed, to be done to the in-memory index once COMMIT has returned.
    struct IndexChange {
        std::vector<std::int64_t> removed_documents;
        std::vector<VectorRow> added;
        std::span<const float> vectors;
    };

    std::shared_ptr<const VectorIndex> index() const;
    Result<std::vector<float>> embed_query(const std::string& text) const;
    /// What one search looks for. No vector while the embedder is away.
    struct QueryForms {
        std::vector<LexicalTerm> terms;
        std::vector<float> vector;
    };
    Result<std::vector<Fused>> fused_search(Database& reader, const QueryForms& forms,
                                            const Admission* admission) const;
    /// Fills in LexicalTerm::chunks.
    Status count_terms(Database& reader, std::vector<LexicalTerm>& terms) const;
    /// Widens the forms by what the best of a first search say.
    Status learn_from(Database& reader, const std::vector<Fused>& first, QueryForms& forms) const;
    Result<std::vector<WeightedWord>> words_of(Database& reader, const std::vector<Fused>& best,
                                               const std::vector<LexicalTerm>& terms) const;
    /// Puts the best of a search into the reranker's order; leaves it where the reranker fails.
    Status rerank(Database& reader, const std::string& question, std::size_t k, std::vector<Fused>& fused) const;
    Result<std::vector<Hit>> fill_hits(Database& reader, const std::vector<Fused>& fused, std::size_t k) const;

    /// One write: begin, `body`, generation, COMMIT, index, callback, perhaps a checkpoint.
    Status write(const std::function<Status(Database&, std::int64_t generation, IndexChange&)>& body);
    Status commit(Transaction& transaction);
    Status apply(const IndexChange& change);
    void checkpoint_when_large();
    Status check_version(const NewVersion& version) const;
    Status write_index_snapshot();
    Status collect_blobs();

    const std::string directory_;
    MemoryLedger* const ledger_;
    Embedder& embedder_;
    Reranker* const reranker_;
    const BlobStore blobs_;
    mutable ReaderPool readers_;
    mutable QueryCache query_cache_;
    mutable StemCountCache stem_counts_;

    std::mutex maintain_mutex_;       // taken first
    mutable std::mutex write_mutex_;  // taken before the other two
    mutable Database writer_;
    std::string writer_failure_;  // not empty: the disk failed under COMMIT and nothing more is written

    mutable std::mutex index_mutex_;
    std::shared_ptr<const VectorIndex> index_;

    mutable std::timed_mutex table_query_mutex_;

    mutable std::mutex work_mutex_;
    std::map<std::string, DocumentState> in_work_;
    std::function<void()> changed_;  // under write_mutex_
};

}  // namespace hearth::retrieval
