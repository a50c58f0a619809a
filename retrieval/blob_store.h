// Document bytes by content: blobs/ab/<sha256>. A name never exists without exactly the bytes it promises.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"

namespace hearth::retrieval {

/// Thread-safe: every call works on files of its own and publishes by rename.
class BlobStore {
  public:
    /// Creates the folder and removes temporary files that a crash left behind.
    static Result<BlobStore> open(const std::string& directory);

    /// Copies `source_path` (a regular file, symbolic links refused) in: temporary file, hash while copying, fsync,
    /// rename, fsync of the folder. kUnavailable when the bytes no longer hash to `sha256`: the file changed meanwhile.
    Status put(const std::string& source_path, const std::string& sha256) const;

    bool contains(const std::string& sha256) const;
    std::string path_of(const std::string& sha256) const;

    /// Names of all stored blobs.
    Result<std::vector<std::string>> list() const;

    /// Deletes blobs that are not in `referenced` and older than `age`. Returns how many.
    Result<int> collect_garbage(const std::set<std::string>& referenced, std::chrono::seconds age) const;

  private:
    explicit BlobStore(std::string directory) : directory_(std::move(directory)) {}
    std::string directory_;
};

/// 64 lower-case hex digits: nothing else becomes a path.
bool is_sha256_hex(const std::string& text);

}  // namespace hearth::retrieval
