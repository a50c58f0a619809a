#include <algorithm>
#include <ctime>
#include <functional>

#include "core/hash.h"
#include "core/log.h"
#include "retrieval/record.h"
#include "retrieval/record_tables.h"

namespace hearth::retrieval {
namespace {

/// 64 bits of what the chunk is: indexing the same bytes again gives the same id, so citations keep working.
std::string chunk_id(const std::string& document_id, const std::string& content_sha256, std::size_t ordinal) {
    return sha256_hex(document_id + ":" + content_sha256 + ":" + std::to_string(ordinal)).substr(0, 16);
}

/// Runs `sql` with one integer.
Status run_with(Database& database, std::string_view sql, std::int64_t value) {
    HEARTH_TRY(Statement statement, database.prepare(sql));
    return statement.bind(1, value).run();
}

Status insert_pieces(Database& database, std::int64_t version, std::string_view text) {
    HEARTH_TRY(Statement statement, database.prepare("INSERT INTO pieces VALUES (?1, ?2, ?3)"));
    for (std::size_t start = 0; start < text.size(); start += kPieceBytes) {
        const std::string_view piece = text.substr(start, kPieceBytes);
        statement.bind(1, version).bind(2, static_cast<std::int64_t>(start)).bind(3, std::as_bytes(std::span(piece)));
        HEARTH_TRY_STATUS(statement.run());
    }
    return {};
}

Result<std::int64_t> insert_version(Database& database, std::int64_t document, const NewVersion& version,
                                    std::int64_t generation) {
    HEARTH_TRY(Statement statement,
               database.prepare("INSERT INTO versions (document, content_sha256, text_bytes, text_sha256, created_at,"
                                " generation) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    statement.bind(1, document)
        .bind(2, version.content_sha256)
        .bind(3, static_cast<std::int64_t>(version.text.size()))
        .bind(4, sha256_hex(version.text))
        .bind(5, static_cast<std::int64_t>(std::time(nullptr)))
        .bind(6, generation);
    HEARTH_TRY_STATUS(statement.run());
    return database.last_insert_id();
}

constexpr std::string_view kForgetWords =
    "INSERT INTO chunk_text (chunk_text, rowid, title, heading, body) VALUES ('delete', ?1, ?2, ?3, ?4)";
constexpr std::string_view kAddWords = "INSERT INTO chunk_text (rowid, title, heading, body) VALUES (?1, ?2, ?3, ?4)";

/// The text as it was indexed. FTS5 must be given exactly that back to forget it; anything else damages its index.
Result<std::string> intact_text(Database& database, const DocumentRow& row) {
    HEARTH_TRY(std::string text, read_text(database, row.version, {0, row.text_bytes}));
    HEARTH_TRY(Statement statement, database.prepare("SELECT text_sha256 FROM versions WHERE version = ?1"));
    HEARTH_TRY(const bool found, statement.bind(1, row.version).step());
    if (found && sha256_hex(text) == statement.column_text(0)) return text;
    return Error(ErrorCode::kDataLoss, row.status.document.path + ": the stored text is not what was indexed");
}

/// Runs `sql` with the row, title, heading and words of every chunk of the document.
Status each_chunk_words(Database& database, std::string_view sql, const DocumentRow& row, std::string_view text) {
    HEARTH_TRY(Statement chunks, database.prepare("SELECT chunk, heading, start, end FROM chunks WHERE document = ?1"));
    HEARTH_TRY(Statement words, database.prepare(sql));
    chunks.bind(1, row.document);
    for (;;) {
        HEARTH_TRY(const bool found, chunks.step());
        if (!found) return {};
        const auto start = static_cast<std::size_t>(chunks.column_int(2));
        const auto end = static_cast<std::size_t>(chunks.column_int(3));
        if (start > end || end > text.size()) continue;
        words.bind(1, chunks.column_int(0))
            .bind(2, row.status.title)
            .bind(3, chunks.column_text(1))
            .bind(4, text.substr(start, end - start));
        HEARTH_TRY_STATUS(words.run());
    }
}

/// Documents whose text is damaged stay without words: the vectors still find them, and verify() names them.
Status rebuild_words(Database& database) {
    HEARTH_TRY_STATUS(database.execute("INSERT INTO chunk_text (chunk_text) VALUES ('delete-all')"));
    HEARTH_TRY(const std::vector<DocumentRow> rows, list_documents(database, {}));
    for (const DocumentRow& row : rows) {
        if (row.version == 0) continue;
        const auto text = intact_text(database, row);
        if (text.ok())
            HEARTH_TRY_STATUS(each_chunk_words(database, kAddWords, row, *text));
        else
            HEARTH_LOG(kWarn, "retrieval", "text_damaged", {{"reason", text.error().message}});
    }
    return {};
}

}  // namespace

Result<std::int64_t> upsert_document(Database& database, const DocumentStatus& status, std::int64_t generation) {
    HEARTH_TRY(
        Statement statement,
        database.prepare(
            "INSERT INTO documents (id, path, type, collection, title, state, reason, remedy, content_sha256,"
            " size_bytes, modified_ns, indexed_at, chunk_count, generation, changed_ns, inode, read_with)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
            " ON CONFLICT (path) DO UPDATE SET type = ?3, collection = ?4, title = ?5, state = ?6, reason = ?7,"
            " remedy = ?8, content_sha256 = ?9, size_bytes = ?10, modified_ns = ?11, indexed_at = ?12,"
            " chunk_count = ?13, generation = ?14, changed_ns = ?15, inode = ?16, read_with = ?17 RETURNING document"));
    statement.bind(1, status.document.id)
        .bind(2, status.document.path)
        .bind(3, status.document.type)
        .bind(4, collection_of(status.document.path))
        .bind(5, status.title)
        .bind(6, status.state == DocumentState::kIndexed ? "indexed" : "failed")
        .bind(7, status.reason)
        .bind(8, status.remedy)
        .bind(9, status.content_sha256)
        .bind(10, status.file.size_bytes)
        .bind(11, status.file.modified_ns)
        .bind(12, status.indexed_at)
        .bind(13, static_cast<std::int64_t>(status.chunks))
        .bind(14, generation)
        .bind(15, status.file.changed_ns)
        .bind(16, static_cast<std::int64_t>(status.file.inode))
        .bind(17, status.file.read_with);
    HEARTH_TRY(const bool returned, statement.step());
    HEARTH_CHECK(returned);
    const std::int64_t document = statement.column_int(0);
    HEARTH_TRY_STATUS(statement.step());
    return document;
}

Status update_file_state(Database& database, std::int64_t document, const FileState& file, std::int64_t generation) {
    HEARTH_TRY(Statement statement,
               database.prepare("UPDATE documents SET size_bytes = ?2, modified_ns = ?3, changed_ns = ?4, inode = ?5,"
                                " read_with = ?6, generation = ?7 WHERE document = ?1"));
    statement.bind(1, document)
        .bind(2, file.size_bytes)
        .bind(3, file.modified_ns)
        .bind(4, file.changed_ns)
        .bind(5, static_cast<std::int64_t>(file.inode))
        .bind(6, file.read_with)
        .bind(7, generation);
    return statement.run();
}

Result<bool> remove_content(Database& database, const DocumentRow& row) {
    if (row.version == 0) return false;
    const auto text = intact_text(database, row);
    if (text.ok()) HEARTH_TRY_STATUS(each_chunk_words(database, kForgetWords, row, *text));
    // Vectors, chunks, pieces and tables go with it: ON DELETE CASCADE.
    HEARTH_TRY_STATUS(run_with(database, "DELETE FROM versions WHERE document = ?1", row.document));
    if (!text.ok()) HEARTH_TRY_STATUS(rebuild_words(database));
    return true;
}

Result<std::vector<VectorRow>> insert_content(Database& database, std::int64_t document, const std::string& document_id,
                                              const NewVersion& version, std::int64_t generation) {
    HEARTH_TRY(const std::int64_t version_row, insert_version(database, document, version, generation));
    HEARTH_TRY_STATUS(insert_pieces(database, version_row, version.text));
    HEARTH_TRY_STATUS(insert_tables(database, version_row, version.path, version.tables));
    HEARTH_TRY(Statement chunk,
               database.prepare("INSERT INTO chunks (id, document, version, ordinal, heading, page, start, end, tokens)"
                                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    HEARTH_TRY(Statement vector, database.prepare("INSERT INTO vectors VALUES (?1, ?2)"));
    HEARTH_TRY(Statement words, database.prepare(kAddWords));
    std::vector<VectorRow> rows;
    const std::size_t width = version.chunks.empty() ? 0 : version.vectors.size() / version.chunks.size();
    for (std::size_t i = 0; i < version.chunks.size(); ++i) {
        const NewChunk& added = version.chunks[i];
        chunk.bind(1, chunk_id(document_id, version.content_sha256, i))
            .bind(2, document)
            .bind(3, version_row)
            .bind(4, static_cast<std::int64_t>(i))
            .bind(5, added.heading);
        if (added.page) chunk.bind(6, static_cast<std::int64_t>(*added.page));
        chunk.bind(7, static_cast<std::int64_t>(added.span.start))
            .bind(8, static_cast<std::int64_t>(added.span.end))
            .bind(9, static_cast<std::int64_t>(added.tokens));
        HEARTH_TRY_STATUS(chunk.run());
        const std::int64_t row = database.last_insert_id();
        vector.bind(1, row).bind(2, std::as_bytes(std::span(version.vectors).subspan(i * width, width)));
        HEARTH_TRY_STATUS(vector.run());
        words.bind(1, row)
            .bind(2, version.title)
            .bind(3, added.heading)
            .bind(4, std::string_view(version.text).substr(added.span.start, added.span.end - added.span.start));
        HEARTH_TRY_STATUS(words.run());
        rows.push_back({row, document});
    }
    return rows;
}

Status delete_document(Database& database, std::int64_t document) {
    return run_with(database, "DELETE FROM documents WHERE document = ?1", document);
}

Result<std::int64_t> bump_generation(Database& database) {
    HEARTH_TRY_STATUS(database.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'"));
    return read_generation(database);
}

}  // namespace hearth::retrieval
