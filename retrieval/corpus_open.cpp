#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "core/file.h"
#include "core/log.h"
#include "retrieval/corpus_impl.h"
#include "retrieval/fts_rank.h"
#include "retrieval/schema.h"
#include "retrieval/unit_vectors.h"

namespace hearth::retrieval {
namespace {

constexpr std::size_t kQueryCacheEntries = 256;
constexpr std::size_t kRowsPerAdd = 16384;

/// chunk -> document of everything in the record.
Result<std::unordered_map<std::int64_t, std::int64_t>> live_rows(Database& database) {
    HEARTH_TRY(Statement statement, database.prepare("SELECT chunk, document FROM chunks"));
    std::unordered_map<std::int64_t, std::int64_t> rows;
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) return rows;
        rows.emplace(statement.column_int(0), statement.column_int(1));
    }
}

Error damaged_vector(std::int64_t chunk) {
    return Error(ErrorCode::kDataLoss,
                 "the vector of chunk " + std::to_string(chunk) + " is damaged; restore the record from a backup");
}

/// Adds the record's vectors with a chunk id over `after`.
Result<std::shared_ptr<const VectorIndex>> add_from_record(Database& database, std::int64_t after,
                                                           std::shared_ptr<const VectorIndex> index) {
    HEARTH_TRY(Statement statement,
               database.prepare("SELECT c.chunk, c.document, v.data FROM chunks c JOIN vectors v ON v.chunk = c.chunk"
                                " WHERE c.chunk > ?1 ORDER BY c.chunk"));
    statement.bind(1, after);
    std::vector<VectorRow> rows;
    std::vector<float> vectors;
    const auto width = static_cast<std::size_t>(index->dimensions());
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found || rows.size() == kRowsPerAdd) {
            if (const auto odd = first_not_of_unit_length(vectors, width)) return damaged_vector(rows[*odd].chunk);
            HEARTH_TRY(index, index->with_added(rows, vectors));
            rows.clear();
            vectors.clear();
        }
        if (!found) return index;
        const auto bytes = statement.column_blob(2);
        if (bytes.size() != width * sizeof(float)) return damaged_vector(statement.column_int(0));
        rows.push_back({statement.column_int(0), statement.column_int(1)});
        vectors.resize(vectors.size() + width);
        std::memcpy(vectors.data() + vectors.size() - width, bytes.data(), bytes.size());
    }
}

/// The newest snapshot that is whole, brought up to date; without one, everything from the record. Chunk ids only
/// ever rise, so "later generation" is "larger id", and what was removed since is simply no longer live.
Result<std::shared_ptr<const VectorIndex>> load_index(Database& database, const std::string& directory,
                                                      int dimensions) {
    HEARTH_TRY(const auto snapshots, list_snapshots(database));
    HEARTH_TRY(const auto live, live_rows(database));
    for (const SnapshotInfo& info : snapshots) {
        std::int64_t last = 0;
        auto loaded = read_snapshot(info, directory, dimensions, [&](const VectorRow& row) {
            last = row.chunk;
            const auto found = live.find(row.chunk);
            return found != live.end() && found->second == row.document;
        });
        if (!loaded.ok()) {
            HEARTH_LOG(kWarn, "retrieval", "snapshot_unusable",
                       {{"file", info.file}, {"reason", loaded.error().message}});
            continue;
        }
        HEARTH_TRY(auto index, add_from_record(database, last, *loaded));
        if (index->size() == live.size()) return index;
        HEARTH_LOG(kWarn, "retrieval", "snapshot_incomplete", {{"file", info.file}});
    }
    return add_from_record(database, 0, VectorIndex::empty(dimensions));
}

}  // namespace

Result<std::unique_ptr<Corpus>> Corpus::open(const CorpusOptions& options, Embedder& embedder) {
    return CorpusImpl::open(options, embedder);
}

Result<std::unique_ptr<Corpus>> CorpusImpl::open(const CorpusOptions& options, Embedder& embedder) {
    const std::string index_directory = options.directory + "/index";
    HEARTH_TRY_STATUS(make_directories(index_directory));
    HEARTH_TRY(Database writer, Database::open_writer(options.directory + "/record.db"));
    HEARTH_TRY_STATUS(migrate(writer));
    HEARTH_TRY_STATUS(bind_embedder(writer, embedder.id(), embedder.dimensions()));
    HEARTH_TRY_STATUS(register_rank_function(writer));
    HEARTH_TRY(BlobStore blobs, BlobStore::open(options.directory + "/blobs"));
    HEARTH_TRY(const auto snapshots, list_snapshots(writer));
    std::vector<std::string> known;
    for (const SnapshotInfo& info : snapshots) known.push_back(info.file);
    HEARTH_TRY_STATUS(sweep_snapshots(index_directory, known));
    HEARTH_TRY(auto index, load_index(writer, index_directory, embedder.dimensions()));
    HEARTH_LOG(kInfo, "retrieval", "record_opened",
               {{"vectors", index->size()}, {"index_bytes", index->bytes()}, {"sqlite", sqlite_version()}});
    return std::unique_ptr<Corpus>(std::make_unique<CorpusImpl>(Private{}, options, embedder, std::move(writer),
                                                                std::move(blobs), std::move(index)));
}

CorpusImpl::CorpusImpl(Private, const CorpusOptions& options, Embedder& embedder, Database writer, BlobStore blobs,
                       std::shared_ptr<const VectorIndex> index)
    : directory_(options.directory),
      ledger_(options.ledger),
      embedder_(embedder),
      reranker_(options.reranker),
      blobs_(std::move(blobs)),
      readers_(directory_ + "/record.db"),
      query_cache_(kQueryCacheEntries),
      writer_(std::move(writer)),
      index_(std::move(index)) {}

std::shared_ptr<const VectorIndex> CorpusImpl::index() const {
    const std::lock_guard lock(index_mutex_);
    return index_;
}

}  // namespace hearth::retrieval
