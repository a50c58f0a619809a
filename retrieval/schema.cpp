#include "retrieval/schema.h"

#include <array>

namespace hearth::retrieval {
namespace {

// AUTOINCREMENT: ids are never used twice, so a row of an old index snapshot cannot come to mean another chunk.
// chunk_text is contentless: the text lives in `pieces` alone, and deleting hands the old values back to FTS5.
constexpr char kVersion1[] = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', '0');

CREATE TABLE documents (
    document INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    collection TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('indexed', 'failed')),
    reason TEXT NOT NULL,
    remedy TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    indexed_at INTEGER NOT NULL,
    chunk_count INTEGER NOT NULL,
    generation INTEGER NOT NULL
);
CREATE INDEX documents_by_collection ON documents (collection, path);

CREATE TABLE versions (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL UNIQUE REFERENCES documents (document) ON DELETE CASCADE,
    content_sha256 TEXT NOT NULL,
    text_bytes INTEGER NOT NULL,
    text_sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    generation INTEGER NOT NULL
);

CREATE TABLE pieces (
    version INTEGER NOT NULL REFERENCES versions (version) ON DELETE CASCADE,
    start INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (version, start)
);

CREATE TABLE chunks (
    chunk INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES documents (document) ON DELETE CASCADE,
    version INTEGER NOT NULL REFERENCES versions (version) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    heading TEXT NOT NULL,
    page INTEGER,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    UNIQUE (document, ordinal)
);
CREATE INDEX chunks_by_version ON chunks (version);

CREATE TABLE vectors (
    chunk INTEGER PRIMARY KEY REFERENCES chunks (chunk) ON DELETE CASCADE,
    data BLOB NOT NULL
);

CREATE VIRTUAL TABLE chunk_text USING fts5 (
    title, heading, body, content = '', tokenize = "porter unicode61 remove_diacritics 2"
);

CREATE TABLE snapshots (
    generation INTEGER NOT NULL,
    count INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    file TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);
)sql";

// What else tells that a file changed, and how it was read.
constexpr char kVersion2[] = R"sql(
ALTER TABLE documents ADD COLUMN changed_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN inode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE documents ADD COLUMN read_with TEXT NOT NULL DEFAULT 'not recorded';
)sql";

// The cells of the documents' tables, to be queried. Documents that were read before have none until they are read
// again.
constexpr char kVersion3[] = R"sql(
CREATE TABLE data_tables (
    version INTEGER NOT NULL REFERENCES versions (version) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    page INTEGER,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    columns TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    totals_left_out INTEGER NOT NULL,
    too_large INTEGER NOT NULL,
    rows_sha256 TEXT NOT NULL,
    rows BLOB NOT NULL,
    PRIMARY KEY (version, ordinal)
);
)sql";

constexpr std::array<const char*, kSchemaVersion> kSteps = {kVersion1, kVersion2, kVersion3};

Result<std::int64_t> user_version(Database& database) {
    HEARTH_TRY(Statement statement, database.prepare("PRAGMA user_version"));
    HEARTH_TRY_STATUS(statement.step());
    return statement.column_int(0);
}

}  // namespace

Status migrate(Database& database) {
    HEARTH_TRY(const std::int64_t version, user_version(database));
    if (version > kSchemaVersion) {
        return Error(ErrorCode::kUnsupported,
                     "this record was written by a newer hearth (format " + std::to_string(version) +
                         "; this program knows up to " + std::to_string(kSchemaVersion) +
                         "): install that version again, or point the data directory elsewhere");
    }
    if (version == kSchemaVersion) return {};
    HEARTH_TRY(Transaction transaction, Transaction::begin(database));
    for (auto step = static_cast<std::size_t>(version); step < kSteps.size(); ++step) {
        HEARTH_TRY_STATUS(database.execute(kSteps[step]));
    }
    HEARTH_TRY_STATUS(database.execute("PRAGMA user_version = " + std::to_string(kSchemaVersion)));
    return transaction.commit();
}

Result<std::string> meta_value(Database& database, std::string_view key) {
    HEARTH_TRY(Statement statement, database.prepare("SELECT value FROM meta WHERE key = ?1"));
    statement.bind(1, key);
    HEARTH_TRY(const bool found, statement.step());
    return found ? std::string(statement.column_text(0)) : std::string();
}

Status set_meta(Database& database, std::string_view key, std::string_view value) {
    HEARTH_TRY(Statement statement, database.prepare("INSERT OR REPLACE INTO meta VALUES (?1, ?2)"));
    return statement.bind(1, key).bind(2, value).run();
}

Status bind_embedder(Database& database, const std::string& embedder_id, int dimensions) {
    HEARTH_TRY(const std::string bound, meta_value(database, "embedder"));
    HEARTH_TRY(const std::string bound_dimensions, meta_value(database, "dimensions"));
    if (bound.empty()) {
        HEARTH_TRY(Transaction transaction, Transaction::begin(database));
        HEARTH_TRY_STATUS(set_meta(database, "embedder", embedder_id));
        HEARTH_TRY_STATUS(set_meta(database, "dimensions", std::to_string(dimensions)));
        return transaction.commit();
    }
    if (bound == embedder_id && bound_dimensions == std::to_string(dimensions)) return {};
    return Error(ErrorCode::kInvalidArgument,
                 "the record was indexed with the embedding model \"" + bound + "\" (" + bound_dimensions +
                     " dimensions) and cannot be searched with \"" + embedder_id + "\" (" + std::to_string(dimensions) +
                     "): configure the old model again, or move the data directory away to index the folder anew");
}

}  // namespace hearth::retrieval
