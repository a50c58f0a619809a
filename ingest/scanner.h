// Lists what is in the watched folder without ever leaving it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/result.h"

namespace hearth::ingest {

/// Everything by which a change of a file can be seen without reading it.
struct FileStamp {
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  ///< ctime: cannot be set back by the writer
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const FileStamp&) const = default;
};

struct ScannedFile {
    std::string path;  ///< relative; valid UTF-8 (a name that is not is shown with U+FFFD and has a problem)
    FileStamp stamp;
    std::string reason;  ///< not empty: must not be opened, is to be shown as failed
    std::string remedy;
};

struct RootIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const RootIdentity&) const = default;
};

struct ScanOptions {
    std::string root;  ///< absolute
    std::vector<std::string> include;
    std::vector<std::string> exclude;
    std::int64_t max_file_bytes = 0;
};

struct ScanResult {
    RootIdentity root;
    std::vector<ScannedFile> files;               ///< sorted by path
    std::vector<std::string> unreadable_folders;  ///< what is known beneath them must not count as vanished
};

/// Called with an open descriptor of every folder before its entries are read.
using OnFolder = std::function<void(int folder_fd, const std::string& path)>;

/// Opens the root. kNotFound when it is not there.
Result<UniqueFd> open_root(const std::string& root);

/// Walks the root: no links, no other file system, no hidden files, no editor backups or half downloads, regular files
/// only, 64 levels. kCancelled when stopped.
Result<ScanResult> scan_folder(const ScanOptions& options, const OnFolder& on_folder, std::stop_token stop);

/// Opens `path` beneath `root_fd` for reading; a link anywhere in the path, or anything but a regular file, is refused.
Result<UniqueFd> open_beneath(int root_fd, const std::string& path);

Result<FileStamp> stamp_of(int fd, const std::string& path);

/// Names that are never documents: hidden, editor backups, swap files and unfinished downloads.
bool is_scratch_name(std::string_view name) noexcept;

}  // namespace hearth::ingest
