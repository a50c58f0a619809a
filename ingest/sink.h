// PUBLIC interfaces, owned here, implemented by daemon/: where finished files go, and how text is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "core/packed_table.h"
#include "core/result.h"

namespace hearth::ingest {

/// Everything by which a change of a file can be seen without reading it.
struct FileStamp {
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  ///< ctime: cannot be set back by the writer
    std::uint64_t inode = 0;
    bool operator==(const FileStamp&) const = default;
};

/// Bytes [start, end) of the extracted text.
struct TextSpan {
    std::size_t start = 0;
    std::size_t end = 0;
};

struct Chunk {
    std::string heading;      ///< "Title > Section"
    std::optional<int> page;  ///< 1-based
    TextSpan span;
    int tokens = 0;
};

/// One file whose bytes are kept, extracted and chunked.
struct IngestedFile {
    std::string path;  ///< relative to the watched folder
    std::string type;
    std::string title;
    std::string content_sha256;  ///< of the bytes that were kept, which are the bytes that were parsed
    FileStamp stamp;
    std::string read_with;
    std::string text;
    std::vector<Chunk> chunks;
    std::vector<PackedTable> tables;  ///< checked (check_table), their places inside `text`
};

struct RejectedFile {
    std::string path;
    std::string type;
    std::string content_sha256;  ///< empty when it could not be read
    FileStamp stamp;
    std::string read_with;
    std::string reason;
    std::string remedy;
};

/// What the record knows of a path: the rescan compares it with the folder.
struct KnownFile {
    std::string path;
    std::string content_sha256;
    FileStamp stamp;
    std::string read_with;  ///< the reader's version and limits then; empty = to be read again
    std::string title;
    bool failed = false;
};

/// The durable copy of a file's bytes.
struct KeptFile {
    std::string content_sha256;
    std::int64_t size_bytes = 0;
    UniqueFd fd;  ///< for reading, at offset 0
};

enum class WorkState { kQueued, kProcessing, kIdle };

/// Every call returns after its effect is durable. Called from the pipeline's threads, several at a time.
/// Errors of keep, store and reject: kCancelled when stopped; kUnavailable and kResourceExhausted stand in the way of
/// every file (full disk); kInvalidArgument is the file's own fault; any other concerns this file now, and another
/// attempt may succeed.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual Result<std::vector<KnownFile>> known_files() = 0;
    /// Copies the open file to where nobody changes it. A `growing` file may change meanwhile; another that does is
    /// kUnavailable.
    virtual Result<KeptFile> keep(int file_fd, const std::string& path, bool growing, std::stop_token stop) = 0;
    /// Embeds the chunks, commits one transaction.
    virtual Status store(const IngestedFile& file, std::stop_token stop) = 0;
    virtual Status reject(const RejectedFile& file) = 0;
    virtual Status rename(const std::string& old_path, const std::string& new_path, const FileStamp& stamp,
                          const std::string& read_with) = 0;
    virtual Status touch(const std::string& path, const FileStamp& stamp, const std::string& read_with) = 0;
    virtual Status remove(const std::string& path) = 0;
    virtual void work_state(const std::string& path, WorkState state) = 0;
    /// A few words that the pipeline keeps beside the record; empty when never set.
    virtual Result<std::string> note(const std::string& name) = 0;
    virtual Status set_note(const std::string& name, const std::string& value) = 0;
    /// What store() holds in memory for each chunk.
    virtual std::size_t bytes_per_chunk() const = 0;
};

/// Token places of a text by the embedder's tokenizer. Thread-safe.
class TokenCounter {
  public:
    virtual ~TokenCounter() = default;
    virtual std::vector<TextSpan> token_spans(std::string_view text) const = 0;
    virtual int max_chunk_tokens() const = 0;  ///< what the embedder reads without cutting, special tokens excluded
};

}  // namespace hearth::ingest
