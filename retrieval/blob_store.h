// Document bytes by content: blobs/ab/<sha256>. A name never exists without exactly the bytes it promises.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/result.h"

namespace hearth::retrieval {

struct KeptBlob {
    std::string sha256;
    std::int64_t size_bytes = 0;
    UniqueFd fd;  ///< the blob, for reading, at offset 0
};

enum class SourceFile {
    kStill,    ///< must not change while it is copied
    kGrowing,  ///< is appended to without end: what it held when the copy began is a version of its own
};

/// Thread-safe: every call works on files of its own and publishes by rename.
class BlobStore {
  public:
    /// Creates the folder and removes temporary files that a crash left behind.
    static Result<BlobStore> open(const std::string& directory);

    /// Copies an open file in, whatever its offset: temporary file, hash while copying, stat again, fsync, rename,
    /// fsync of the folder. What it hands back are the bytes that are durable now, so that whoever parses them parses
    /// the blob. `name` is for messages.
    /// Errors: kUnavailable when the source changed meanwhile (kStill) or the store cannot be written;
    /// kResourceExhausted on a full disk; kCancelled; every other code is the source's own read error.
    Result<KeptBlob> keep(int source_fd, const std::string& name, SourceFile source, std::stop_token stop) const;

    bool contains(const std::string& sha256) const;
    std::string path_of(const std::string& sha256) const;

    /// Names of all stored blobs.
    Result<std::vector<std::string>> list() const;

    /// Deletes blobs that are not in `referenced` and older than `age`. Returns how many.
    Result<int> collect_garbage(const std::set<std::string>& referenced, std::chrono::seconds age) const;

  private:
    class TemporaryFile;
    Status publish(TemporaryFile& temporary, const std::string& sha256, std::int64_t size_bytes) const;

    explicit BlobStore(std::string directory) : directory_(std::move(directory)) {}
    std::string directory_;
};

/// 64 lower-case hex digits: nothing else becomes a path.
bool is_sha256_hex(const std::string& text);

}  // namespace hearth::retrieval
