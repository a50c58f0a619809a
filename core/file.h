// Files as owned handles: descriptors, read-only mappings, whole-file reads with a limit, and crash-safe replacement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

namespace hearth {

/// Owns one file descriptor. Move-only.
class UniqueFd {
  public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept;
    ~UniqueFd() { reset(); }

    int get() const noexcept { return fd_; }
    bool valid() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset() noexcept;

  private:
    int fd_ = -1;
};

/// A whole file mapped read-only. The bytes stay valid as long as this object; moving keeps their address.
/// A file truncated by someone else while mapped raises SIGBUS: map only files in directories hearth owns.
class MappedFile {
  public:
    static Result<MappedFile> open(const std::string& path);
    MappedFile(MappedFile&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    /// These bytes of it were read for the last time for now: their pages leave the process, and come back when read.
    void release(std::span<const std::byte> part) const noexcept;

  private:
    MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// errno as an Error: "open /x/y: No such file or directory". ENOENT, EACCES, ENOSPC and EMFILE map to their codes.
Error errno_error(std::string_view operation, std::string_view path, int error_number,
                  const char* file = __builtin_FILE(), int line = __builtin_LINE());

/// The whole file; kResourceExhausted when it is larger than `max_bytes`.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

/// Writes every byte or fails. Retries EINTR and short writes.
Status write_all(int fd, std::span<const std::byte> bytes);

/// Replaces `path` so that after a crash it holds either the old or the new bytes, whole:
/// temporary file beside it, write, fsync, rename, fsync of the directory.
Status atomic_write_file(const std::string& path, std::string_view bytes, unsigned mode = 0600);

/// Makes renames and unlinks inside `directory` durable.
Status sync_directory(const std::string& directory);

/// mkdir -p with mode 0700 for new levels.
Status make_directories(const std::string& path);

}  // namespace hearth
