// The rows of the record as values: what the corpus reads and writes, without transactions or locks of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"
#include "retrieval/corpus.h"
#include "retrieval/index_snapshot.h"
#include "retrieval/types.h"
#include "retrieval/vector_index.h"

namespace hearth::retrieval {

/// Extracted text is stored in pieces of this many bytes: reading one passage of a long book reads one or two.
constexpr std::size_t kPieceBytes = 64 << 10;

struct DocumentRow {
    std::int64_t document = 0;
    DocumentStatus status;
    std::int64_t version = 0;  ///< 0 when the document has no text (failed)
    std::size_t text_bytes = 0;
};

struct ChunkRow {
    std::int64_t chunk = 0;
    std::int64_t document = 0;
    std::int64_t version = 0;
    std::int64_t ordinal = 0;
    DocumentRef document_ref;
    ChunkRef ref;
};

// Reading. Any connection.
Result<std::optional<DocumentRow>> find_document_by_path(Database& database, const std::string& path);
Result<std::optional<DocumentRow>> find_document_by_id(Database& database, const std::string& id);
/// In order of path.
Result<std::vector<DocumentRow>> list_documents(Database& database, const std::string& collection);
Result<std::optional<ChunkRow>> find_chunk(Database& database, std::int64_t chunk);
/// In the order of `chunks`; empty where there is none.
Result<std::vector<std::optional<ChunkRow>>> find_chunks(Database& database, std::span<const std::int64_t> chunks);
Result<std::optional<ChunkRow>> find_chunk_by_id(Database& database, const std::string& id);
/// kDataLoss when the stored pieces do not cover `span`.
Result<std::string> read_text(Database& database, std::int64_t version, Span span);
Result<std::int64_t> read_generation(Database& database);
/// One integer of one row.
Result<std::int64_t> read_integer(Database& database, std::string_view sql);
/// Newest first.
Result<std::vector<SnapshotInfo>> list_snapshots(Database& database);

// Writing. Inside a transaction of the writer.
/// Inserts or updates the document's own row; `id` stays when the path is known. Returns the row number.
Result<std::int64_t> upsert_document(Database& database, const DocumentStatus& status, std::int64_t generation);
Status update_file_state(Database& database, std::int64_t document, const FileState& file, std::int64_t generation);
/// Removes the text, chunks, vectors, tables and full-text rows of a document; its own row stays. True when there were
/// any. A text that is damaged does not keep its document alive: the full-text index is then built anew without it.
Result<bool> remove_content(Database& database, const DocumentRow& row);
/// Text, chunks, vectors, tables and full-text rows of `version` for a document whose content was removed before.
/// Returns the new index rows in the order of version.chunks.
Result<std::vector<VectorRow>> insert_content(Database& database, std::int64_t document, const std::string& document_id,
                                              const NewVersion& version, std::int64_t generation);
Status delete_document(Database& database, std::int64_t document);
/// Adds one to the generation and returns it.
Result<std::int64_t> bump_generation(Database& database);

/// The first folder of a path, or "default" for a file at the top.
std::string collection_of(const std::string& path);

}  // namespace hearth::retrieval
