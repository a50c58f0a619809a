#include <algorithm>

#include "retrieval/record.h"

namespace hearth::retrieval {
namespace {

constexpr std::string_view kDocumentColumns =
    "SELECT d.document, d.id, d.path, d.type, d.collection, d.title, d.state, d.reason, d.remedy, d.content_sha256,"
    " d.size_bytes, d.modified_ns, d.indexed_at, d.chunk_count, v.version, v.text_bytes, d.changed_ns, d.inode,"
    " d.read_with"
    " FROM documents d LEFT JOIN versions v ON v.document = d.document ";

constexpr std::string_view kChunkColumns =
    "SELECT c.chunk, c.document, c.version, c.ordinal, c.id, c.heading, c.page, c.start, c.end,"
    " d.id, d.path, d.type, d.collection FROM chunks c JOIN documents d ON d.document = c.document ";

std::string text_at(const Statement& statement, int column) {
    return std::string(statement.column_text(column));
}

DocumentRow document_at(const Statement& row) {
    DocumentRow out;
    out.document = row.column_int(0);
    DocumentStatus& status = out.status;
    status.document = {text_at(row, 1), text_at(row, 2), text_at(row, 3), text_at(row, 4)};
    status.title = text_at(row, 5);
    status.state = row.column_text(6) == "indexed" ? DocumentState::kIndexed : DocumentState::kFailed;
    status.reason = text_at(row, 7);
    status.remedy = text_at(row, 8);
    status.content_sha256 = text_at(row, 9);
    status.file = {row.column_int(10), row.column_int(11), row.column_int(16),
                   static_cast<std::uint64_t>(row.column_int(17)), text_at(row, 18)};
    status.indexed_at = row.column_int(12);
    status.chunks = static_cast<int>(row.column_int(13));
    out.version = row.column_int(14);
    out.text_bytes = static_cast<std::size_t>(row.column_int(15));
    return out;
}

ChunkRow chunk_at(const Statement& row) {
    ChunkRow out;
    out.chunk = row.column_int(0);
    out.document = row.column_int(1);
    out.version = row.column_int(2);
    out.ordinal = row.column_int(3);
    out.ref.id = text_at(row, 4);
    out.ref.heading = text_at(row, 5);
    if (!row.column_is_null(6)) out.ref.page = static_cast<int>(row.column_int(6));
    out.ref.span = {static_cast<std::size_t>(row.column_int(7)), static_cast<std::size_t>(row.column_int(8))};
    out.document_ref = {text_at(row, 9), text_at(row, 10), text_at(row, 11), text_at(row, 12)};
    return out;
}

Result<std::optional<DocumentRow>> one_document(Database& database, std::string_view condition,
                                                const std::string& value) {
    HEARTH_TRY(Statement statement, database.prepare(std::string(kDocumentColumns).append(condition)));
    statement.bind(1, value);
    HEARTH_TRY(const bool found, statement.step());
    if (!found) return std::optional<DocumentRow>();
    return std::optional<DocumentRow>(document_at(statement));
}

}  // namespace

Result<std::optional<DocumentRow>> find_document_by_path(Database& database, const std::string& path) {
    return one_document(database, "WHERE d.path = ?1", path);
}

Result<std::optional<DocumentRow>> find_document_by_id(Database& database, const std::string& id) {
    return one_document(database, "WHERE d.id = ?1", id);
}

Result<std::vector<DocumentRow>> list_documents(Database& database, const std::string& collection) {
    const std::string sql = std::string(kDocumentColumns) + "WHERE ?1 = '' OR d.collection = ?1 ORDER BY d.path";
    HEARTH_TRY(Statement statement, database.prepare(sql));
    statement.bind(1, collection);
    std::vector<DocumentRow> rows;
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) return rows;
        rows.push_back(document_at(statement));
    }
}

Result<std::optional<ChunkRow>> find_chunk(Database& database, std::int64_t chunk) {
    HEARTH_TRY(auto rows, find_chunks(database, std::span(&chunk, 1)));
    return std::move(rows.front());
}

Result<std::vector<std::optional<ChunkRow>>> find_chunks(Database& database, std::span<const std::int64_t> chunks) {
    HEARTH_TRY(Statement statement, database.prepare(std::string(kChunkColumns) + "WHERE c.chunk = ?1"));
    std::vector<std::optional<ChunkRow>> out;
    for (const std::int64_t chunk : chunks) {
        statement.reset();
        statement.bind(1, chunk);
        HEARTH_TRY(const bool found, statement.step());
        out.push_back(found ? std::optional<ChunkRow>(chunk_at(statement)) : std::nullopt);
    }
    return out;
}

Result<std::optional<ChunkRow>> find_chunk_by_id(Database& database, const std::string& id) {
    HEARTH_TRY(Statement statement, database.prepare(std::string(kChunkColumns) + "WHERE c.id = ?1"));
    statement.bind(1, id);
    HEARTH_TRY(const bool found, statement.step());
    if (!found) return std::optional<ChunkRow>();
    return std::optional<ChunkRow>(chunk_at(statement));
}

Result<std::string> read_text(Database& database, std::int64_t version, Span span) {
    std::string out;
    if (span.start >= span.end) return out;
    HEARTH_TRY(Statement statement,
               database.prepare("SELECT start, bytes FROM pieces WHERE version = ?1 AND start >= ?2 AND start < ?3"
                                " ORDER BY start"));
    statement.bind(1, version)
        .bind(2, static_cast<std::int64_t>(span.start / kPieceBytes * kPieceBytes))
        .bind(3, static_cast<std::int64_t>(span.end));
    out.reserve(span.end - span.start);
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) break;
        const auto start = static_cast<std::size_t>(statement.column_int(0));
        const std::span<const std::byte> bytes = statement.column_blob(1);
        const std::string_view piece(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        const std::size_t from = std::max(span.start, start) - start;
        if (start + from != span.start + out.size() || from > piece.size()) break;
        out.append(piece.substr(from, span.end - (start + from)));
    }
    if (out.size() != span.end - span.start) {
        return Error(ErrorCode::kDataLoss, "the stored text of version " + std::to_string(version) +
                                               " has a gap; touch the file to index it again");
    }
    return out;
}

Result<std::int64_t> read_integer(Database& database, std::string_view sql) {
    HEARTH_TRY(Statement statement, database.prepare(sql));
    HEARTH_TRY(const bool found, statement.step());
    if (!found) return Error(ErrorCode::kDataLoss, "the record lacks a row it must have");
    return statement.column_int(0);
}

Result<std::int64_t> read_generation(Database& database) {
    return read_integer(database, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'generation'");
}

Result<std::vector<SnapshotInfo>> list_snapshots(Database& database) {
    HEARTH_TRY(Statement statement,
               database.prepare("SELECT generation, count, sha256, file FROM snapshots ORDER BY rowid DESC"));
    std::vector<SnapshotInfo> out;
    for (;;) {
        HEARTH_TRY(const bool found, statement.step());
        if (!found) return out;
        out.push_back({statement.column_int(0), statement.column_int(1), text_at(statement, 2), text_at(statement, 3)});
    }
}

std::string collection_of(const std::string& path) {
    const std::size_t slash = path.find('/');
    return slash == std::string::npos || slash == 0 ? "default" : path.substr(0, slash);
}

}  // namespace hearth::retrieval
