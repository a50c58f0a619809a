#include <cmath>
#include <cstring>
#include <map>

#include "core/hash.h"
#include "core/utf8.h"
#include "retrieval/corpus_impl.h"
#include "retrieval/record_tables.h"

namespace hearth::retrieval {
namespace {

using Mismatches = std::vector<std::string>;

/// Enough to see what is wrong; a destroyed record must not also fill the memory.
constexpr std::size_t kMaxReported = 1000;

void report(Mismatches& out, std::string text) {
    if (out.size() < kMaxReported) out.push_back(std::move(text));
}

Status check_integrity(Database& database, Mismatches& out) {
    for (const char* pragma : {"PRAGMA integrity_check", "PRAGMA foreign_key_check"}) {
        HEARTH_TRY(Statement statement, database.prepare(pragma));
        for (;;) {
            HEARTH_TRY(const bool found, statement.step());
            if (!found) break;
            if (statement.column_text(0) != "ok") report(out, "record.db: " + std::string(statement.column_text(0)));
        }
    }
    // A command of FTS5 that changes nothing; it needs the connection that may write.
    const Status words = database.execute("INSERT INTO chunk_text (chunk_text) VALUES ('integrity-check')");
    if (!words.ok()) report(out, "full-text index: " + words.error().message);
    return {};
}

/// Queries whose every row is a mismatch.
Status check_counts(Database& database, Mismatches& out) {
    const std::pair<const char*, const char*> kChecks[] = {
        {"chunk without a vector: ", "SELECT chunk FROM chunks WHERE chunk NOT IN (SELECT chunk FROM vectors)"},
        {"vector without a chunk: ", "SELECT chunk FROM vectors WHERE chunk NOT IN (SELECT chunk FROM chunks)"},
        {"chunk without its words: ",
         "SELECT chunk FROM chunks WHERE chunk NOT IN (SELECT id FROM chunk_text_docsize)"},
        {"words without a chunk: ", "SELECT id FROM chunk_text_docsize WHERE id NOT IN (SELECT chunk FROM chunks)"},
        {"chunk outside the text of its version: ",
         "SELECT chunk FROM chunks c JOIN versions v ON v.version = c.version"
         " WHERE c.start < 0 OR c.start >= c.end OR c.end > v.text_bytes OR c.document <> v.document"},
        {"indexed document without a version, or the other way round: ",
         "SELECT d.path FROM documents d LEFT JOIN versions v ON v.document = d.document"
         " WHERE (d.state = 'indexed') <> (v.version IS NOT NULL) OR v.content_sha256 <> d.content_sha256"},
        {"wrong number of chunks: ",
         "SELECT path FROM documents d WHERE chunk_count <>"
         " (SELECT count(*) FROM chunks c WHERE c.document = d.document)"}};
    for (const auto& [what, sql] : kChecks) {
        HEARTH_TRY(Statement statement, database.prepare(sql));
        for (;;) {
            HEARTH_TRY(const bool found, statement.step());
            if (!found) break;
            report(out, what + std::string(statement.column_text(0)));
        }
    }
    return {};
}

Status check_texts(Database& database, Mismatches& out) {
    HEARTH_TRY(Statement versions,
               database.prepare("SELECT v.version, v.text_bytes, v.text_sha256, d.path FROM versions v"
                                " JOIN documents d ON d.document = v.document"));
    for (;;) {
        HEARTH_TRY(const bool found, versions.step());
        if (!found) return {};
        const std::string path(versions.column_text(3));
        const auto text =
            read_text(database, versions.column_int(0), {0, static_cast<std::size_t>(versions.column_int(1))});
        if (!text.ok() || sha256_hex(*text) != versions.column_text(2)) {
            report(out, path + ": the stored text is not what was extracted; touch the file to index it again");
        }
    }
}

Status check_tables(Database& database, Mismatches& out) {
    HEARTH_TRY(const std::vector<TableRow> tables, list_tables(database, {}));
    for (const TableRow& table : tables) {
        const auto rows = read_table_rows(database, table);
        if (!rows.ok()) report(out, table.info.document.path + ": " + rows.error().message);
    }
    return {};
}

Status check_blobs(Database& database, const BlobStore& blobs, Mismatches& out) {
    HEARTH_TRY(Statement versions, database.prepare("SELECT v.content_sha256, d.path FROM versions v"
                                                    " JOIN documents d ON d.document = v.document"));
    for (;;) {
        HEARTH_TRY(const bool found, versions.step());
        if (!found) return {};
        const std::string sha256(versions.column_text(0));
        const std::string path(versions.column_text(1));
        const auto actual = sha256_hex_of_file(blobs.path_of(sha256));
        if (!actual.ok()) {
            report(out, path + ": its blob cannot be read: " + actual.error().message);
        } else if (*actual != sha256) {
            report(out, path + ": its blob " + sha256 + " has other bytes now");
        }
    }
}

Status check_index(Database& database, const VectorIndex& index, Mismatches& out) {
    HEARTH_TRY(Statement rows, database.prepare("SELECT c.chunk, c.document, v.data FROM chunks c"
                                                " JOIN vectors v ON v.chunk = c.chunk"));
    struct Stored {
        std::int64_t document;
        std::string sha256;
    };
    std::map<std::int64_t, Stored> expected;
    for (;;) {
        HEARTH_TRY(const bool found, rows.step());
        if (!found) break;
        expected[rows.column_int(0)] = {rows.column_int(1), sha256_hex(rows.column_blob(2))};
    }
    index.for_each([&](const VectorRow& row, std::span<const float> vector) {
        const auto found = expected.find(row.chunk);
        if (found == expected.end() || found->second.document != row.document) {
            report(out, "the search index holds chunk " + std::to_string(row.chunk) + ", the record does not");
        } else if (found->second.sha256 != sha256_hex(std::as_bytes(vector))) {
            report(out, "the search index holds another vector for chunk " + std::to_string(row.chunk));
        }
        if (found != expected.end()) expected.erase(found);
    });
    for (const auto& [chunk, stored] : expected) {
        report(out, "the search index lacks chunk " + std::to_string(chunk));
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> CorpusImpl::verify() const {
    // Under the writer's lock, so that record, index and blobs are looked at in one state.
    const std::lock_guard lock(write_mutex_);
    Mismatches out;
    HEARTH_TRY_STATUS(check_integrity(writer_, out));
    HEARTH_TRY_STATUS(check_counts(writer_, out));
    HEARTH_TRY_STATUS(check_texts(writer_, out));
    HEARTH_TRY_STATUS(check_tables(writer_, out));
    HEARTH_TRY_STATUS(check_index(writer_, *index(), out));
    HEARTH_TRY_STATUS(check_blobs(writer_, blobs_, out));
    return out;
}

}  // namespace hearth::retrieval
