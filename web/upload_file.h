// A payload on its way into the inbox: a hidden temporary file that disappears unless it is published.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/file.h"

namespace hearth::web {

/// Owns "<directory>/.hearth-upload-<random>.part". Ingest never reads such names. Removed on destruction.
class UploadFile {
  public:
    static Result<UploadFile> create(const std::string& directory);
    UploadFile(UploadFile&& other) noexcept;
    UploadFile& operator=(UploadFile&&) = delete;
    ~UploadFile();

    Status append(std::string_view bytes);
    std::int64_t size() const noexcept { return size_; }
    const std::string& path() const noexcept { return path_; }

    /// Makes the bytes durable and gives them a name in `directory`: fsync, a rename that never replaces, fsync of the
    /// directory. A taken name becomes "name (2).ext", "name (3).ext"... Returns the name that was free.
    Result<std::string> publish(const std::string& directory, const std::string& name);

  private:
    UploadFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    std::string path_;  ///< empty once published or moved from
    UniqueFd fd_;
    std::int64_t size_ = 0;
};

/// Removes what a crash left behind. Call before the first upload.
void remove_stale_uploads(const std::string& directory);

/// A name a person may give a file: the part after the last '/' or '\', 1..200 bytes of valid UTF-8, no control
/// characters, no leading dot. kInvalidArgument says what is wrong.
Result<std::string> safe_file_name(std::string_view name);

}  // namespace hearth::web
