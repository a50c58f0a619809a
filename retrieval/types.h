// PUBLIC. What the record holds and what a search returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/packed_table.h"
#include "core/sqlite_guard.h"

namespace hearth::retrieval {

/// Bytes [start, end) of the document's extracted text (UTF-8). For Markdown and UTF-8 text files that text is the
/// file, byte for byte.
struct Span {
    std::size_t start = 0;
    std::size_t end = 0;
};

/// `id` survives edits and renames of the file. `path` is relative to the watched folder, '/'-separated, NFC as found.
/// `type` is what ingest names the format: "markdown", "text", "pdf", "docx", "csv", ... `collection` is the first
/// folder of the path, or "default".
struct DocumentRef {
    std::string id;
    std::string path;
    std::string type;
    std::string collection;
};

struct ChunkRef {
    std::string id;
    std::string heading;      ///< "Title > Section > Subsection"; may be empty
    std::optional<int> page;  ///< 1-based; only formats that have pages
    Span span;
};

/// Raw scores; a part that did not find the chunk leaves its score empty.
struct Scores {
    std::optional<double> bm25;    ///< higher is better
    std::optional<double> dense;   ///< cosine, -1 .. 1
    double fused = 0;              ///< reciprocal rank fusion
    std::optional<double> rerank;  ///< a reranker's, 0 .. 1; empty without one, and for what it did not read
};

struct Hit {
    DocumentRef document;
    ChunkRef chunk;
    std::string text;  ///< exactly extracted_text[span]
    double score = 0;  ///< what the list is sorted by, but for copies, which go last
    Scores scores;
};

/// One of `any_of` (when it has any) and none of `none_of`.
struct FieldFilter {
    std::vector<std::string> any_of;
    std::vector<std::string> none_of;
    bool operator==(const FieldFilter&) const = default;
};

/// What a person wrote among the words (query_syntax.h). Holds beside Query's own collection, path and type.
struct SearchFilter {
    FieldFilter path;        ///< globs; without * and ? a part of the path, in any case
    FieldFilter type;        ///< the type, or the ending of the file's name
    FieldFilter collection;  ///< whole names
    std::optional<std::int64_t> modified_from_ns;
    std::optional<std::int64_t> modified_before_ns;
    std::string without;  ///< words, phrases and prefixes that a passage, its heading and its title must not have
    bool operator==(const SearchFilter&) const = default;
};

struct Query {
    std::string text;
    int k = 10;              ///< 1 .. 200
    std::string collection;  ///< empty = all
    std::string path;        ///< glob on the path ("manuals/*.pdf"); empty = all
    std::string type;        ///< empty = all
    SearchFilter filter;
    bool second_look = true;  ///< the best passages of a first look widen the query (feedback.h)
};

enum class DocumentState { kQueued, kProcessing, kIndexed, kFailed };

/// The file as it was when it was read, and how: a difference in any of these is a reason to look at it again.
struct FileState {
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;  ///< mtime, UNIX epoch
    std::int64_t changed_ns = 0;   ///< ctime; 0 = not known
    std::uint64_t inode = 0;
    std::string read_with;  ///< the reader and its limits, in the words of who put it in; empty = to be read again
};

/// One file of the folder as the page and `hearth status` show it.
struct DocumentStatus {
    DocumentRef document;
    DocumentState state = DocumentState::kQueued;
    std::string reason;  ///< kFailed: why
    std::string remedy;  ///< kFailed: what to do
    std::string content_sha256;
    FileState file;
    std::int64_t indexed_at = 0;  ///< UNIX seconds; 0 = never
    int chunks = 0;
    std::string title;
};

struct ColumnInfo {
    std::string name;   ///< in SQL
    std::string title;  ///< as the file has it
    CellType type = CellType::kText;
};

/// A table of a document, as SQL sees it. kNumber columns hold numbers, kBoolean ones 1 and 0, the others text; empty
/// cells are NULL.
struct TableInfo {
    std::string name;  ///< in SQL, unique in the record
    DocumentRef document;
    std::string title;        ///< of the sheet or the caption; may be empty
    std::optional<int> page;  ///< 1-based: of a sheet, its number
    Span span;                ///< where the document's text tells of it
    std::vector<ColumnInfo> columns;
    std::int64_t rows = 0;
    bool totals_left_out = false;  ///< the file's last row added up the others; it is not one of the rows
    bool too_large = false;        ///< it cannot be queried
};

/// Empty = all. As in Query.
struct TableScope {
    std::string collection;
    std::string path;  ///< glob
    std::string type;
};

struct TableAnswer {
    SqlRows rows;
    std::vector<TableInfo> sources;  ///< the tables that the statement read
};

struct CorpusCounts {
    std::int64_t documents_indexed = 0;
    std::int64_t documents_failed = 0;
    std::int64_t documents_queued = 0;  ///< queued or in work
    std::int64_t chunks = 0;
    std::int64_t generation = 0;  ///< rises by one with every committed change
};

}  // namespace hearth::retrieval
