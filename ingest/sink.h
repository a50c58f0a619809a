// PUBLIC interfaces, owned here, implemented by daemon/: where finished files go, and how text is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace hearth::ingest {

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

/// One file, extracted and chunked, whose bytes hashed to `content_sha256` and did not change meanwhile.
struct IngestedFile {
    std::string absolute_path;
    std::string path;  ///< relative to the watched folder
    std::string type;
    std::string title;
    std::string content_sha256;
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::string text;
    std::vector<Chunk> chunks;
};

struct RejectedFile {
    std::string path;
    std::string type;
    std::string content_sha256;
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::string reason;
    std::string remedy;
};

/// What the record knows of a path: the rescan compares it with the folder.
struct KnownFile {
    std::string path;
    std::string content_sha256;
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    bool failed = false;
};

enum class WorkState { kQueued, kProcessing, kIdle };

/// Every call returns after its effect is durable. Called from the pipeline's threads.
class Sink {
  public:
    virtual ~Sink() = default;
    virtual Result<std::vector<KnownFile>> known_files() = 0;
    /// Stores the bytes, embeds the chunks, commits one transaction. kCancelled when stopped meanwhile;
    /// kUnavailable or kResourceExhausted (full disk) = keep the file queued and try again later.
    virtual Status store(const IngestedFile& file, std::stop_token stop) = 0;
    virtual Status reject(const RejectedFile& file) = 0;
    virtual Status rename(const std::string& old_path, const std::string& new_path) = 0;
    virtual Status touch(const std::string& path, std::int64_t size_bytes, std::int64_t modified_ns) = 0;
    virtual Status remove(const std::string& path) = 0;
    virtual void work_state(const std::string& path, WorkState state) = 0;
};

/// Token places of a text by the embedder's tokenizer. Thread-safe.
class TokenCounter {
  public:
    virtual ~TokenCounter() = default;
    virtual std::vector<TextSpan> token_spans(std::string_view text) const = 0;
    virtual int max_chunk_tokens() const = 0;  ///< what the embedder reads without cutting, special tokens excluded
};

}  // namespace hearth::ingest
