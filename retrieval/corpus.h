// PUBLIC. The record (SQLite + blobs) and the search over it, as one object: what is in the folder, its chunks and
// vectors, and hybrid search. Writes go through one writer; when a write returns, it is durable and searchable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "retrieval/blob_store.h"
#include "retrieval/embedder.h"
#include "retrieval/reranker.h"
#include "retrieval/types.h"

namespace hearth::retrieval {

struct NewChunk {
    std::string heading;
    std::optional<int> page;
    Span span;  ///< into NewVersion::text
    int tokens = 0;
};

/// A successfully extracted and embedded file, ready to be committed in one transaction.
struct NewVersion {
    std::string path;
    std::string type;
    std::string title;
    std::string content_sha256;  ///< of the file's bytes; its blob is already durable (keep_blob)
    FileState file;
    std::string text;  ///< extracted text, UTF-8
    std::vector<NewChunk> chunks;
    std::vector<float> vectors;  ///< [chunks.size(), dimensions], unit rows
    std::vector<PackedTable> tables;
};

struct FailedFile {
    std::string path;
    std::string type;
    std::string content_sha256;  ///< empty when it could not be read
    FileState file;
    std::string reason;
    std::string remedy;
};

/// A passage opened for reading: the chunk's surroundings in its document.
struct Passage {
    DocumentRef document;
    std::string title;
    Span requested;  ///< what to highlight, in whole-text offsets
    Span window;     ///< what `text` covers, in whole-text offsets
    std::string text;
    std::size_t document_bytes = 0;
};

struct CorpusOptions {
    std::string directory;           ///< holds record.db, blobs/ and index/
    MemoryLedger* ledger = nullptr;  ///< queries over tables take leases of it; must outlive the corpus. May be null
    Reranker* reranker = nullptr;    ///< likewise outlives it; null = what was fused stays in its order
};

/// Thread-safe: any number of searches and reads beside one writer at a time (writes queue on a lock).
class Corpus {
  public:
    /// Creates or opens the record, applies migrations, loads or rebuilds the vector index, sweeps temporary files.
    /// `embedder` must outlive the corpus; another embedder id than the record's is kInvalidArgument with the remedy.
    static Result<std::unique_ptr<Corpus>> open(const CorpusOptions& options, Embedder& embedder);
    virtual ~Corpus() = default;

    // Search and reading.
    virtual Result<std::vector<Hit>> search(const Query& query) const = 0;
    virtual Result<std::vector<DocumentStatus>> documents(const std::string& collection = {}) const = 0;
    virtual Result<DocumentStatus> document(const std::string& id) const = 0;
    /// Up to `context_bytes` on both sides of `span` (cut at code points); span {0,0} starts at the beginning.
    virtual Result<Passage> passage(const std::string& document_id, Span span, std::size_t context_bytes) const = 0;
    virtual Result<Hit> chunk(const std::string& chunk_id) const = 0;
    virtual Result<CorpusCounts> counts() const = 0;
    /// In order of path and place.
    virtual Result<std::vector<TableInfo>> tables(const TableScope& scope) const = 0;
    /// Runs one SELECT over the tables in `scope`, under the limits of core/sqlite_guard.h and its errors. Waits up to
    /// 5 s for another one to end, then kUnavailable.
    virtual Result<TableAnswer> query_tables(const std::string& sql, const TableScope& scope) const = 0;

    // Writing. Each returns after COMMIT with synchronous=FULL and after the search index has it.
    /// Copies an open file into the content-addressed store; see BlobStore::keep for the order and the errors.
    virtual Result<KeptBlob> keep_blob(int source_fd, const std::string& name, SourceFile source,
                                       std::stop_token stop) = 0;
    /// States kQueued and kProcessing are remembered in memory only: after a crash the rescan finds the file again.
    virtual void set_in_work(const std::string& path, DocumentState state) = 0;
    virtual void clear_in_work(const std::string& path) = 0;
    virtual Status put_version(const NewVersion& version) = 0;
    virtual Status put_failure(const FailedFile& failure) = 0;
    /// Same content under a new path: identity, title, chunks and vectors stay.
    virtual Status rename_document(const std::string& old_path, const std::string& new_path, const FileState& file) = 0;
    /// Same bytes in another state: nothing else changes.
    virtual Status touch_document(const std::string& path, const FileState& file) = 0;
    virtual Status remove_document(const std::string& path) = 0;

    /// A small fact that the one who fills the record keeps with it; empty when it was never set.
    virtual Result<std::string> note(const std::string& key) const = 0;
    virtual Status set_note(const std::string& key, const std::string& value) = 0;

    /// Called after every committed change, from the writing thread; must not call back into the corpus.
    virtual void on_change(std::function<void()> callback) = 0;

    /// Recounts everything: blobs against hashes, chunks against vectors and FTS rows, index ids, integrity_check.
    /// Returns human-readable mismatches; empty is good.
    virtual Result<std::vector<std::string>> verify() const = 0;
    /// Checkpoints the WAL and writes an index snapshot. Called at shutdown and now and then.
    virtual Status maintain() = 0;
};

}  // namespace hearth::retrieval
