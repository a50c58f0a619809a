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
#include "ingest/ignore_rules.h"
#include "ingest/sink.h"

namespace hearth::ingest {

struct ScannedFile {
    std::string path;  ///< relative; valid UTF-8 (a name that is not is shown with U+FFFD and has a problem)
    FileStamp stamp;
    std::string reason;  ///< not empty: must not be opened, is to be shown as failed
    std::string remedy;
    bool growing = false;  ///< never stands still: what it holds when it is opened is read
};

struct RootIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    bool operator==(const RootIdentity&) const = default;
};

/// Which paths are documents. Globs as in core/glob.h.
struct PathFilter {
    std::vector<std::string> include;
    std::vector<std::string> exclude;

    bool excludes(const std::string& path) const;  ///< the path itself, not the folders above it
    bool selects(const std::string& path) const;   ///< included, and neither it nor a folder above it excluded
};

struct ScanOptions {
    std::string root;  ///< absolute
    PathFilter filter;
    std::int64_t max_file_bytes = 0;
};

struct ScanResult {
    RootIdentity root;
    std::vector<ScannedFile> files;               ///< sorted by path
    std::vector<std::string> unreadable_folders;  ///< what is known beneath them must not count as vanished
    IgnoreRules ignored;                          ///< of every .hearthignore that was met
    std::string problem;                          ///< of such a file: it could not be read, or not whole
};

/// Called with an open descriptor of every folder before its entries are read.
using OnFolder = std::function<void(int folder_fd, const std::string& path)>;

/// Opens the root. kNotFound when it is not there.
Result<UniqueFd> open_root(const std::string& root);

/// Walks the root: no hidden files, no editor backups or half downloads, nothing that a .hearthignore leaves out.
/// Links, other file systems, what is not a regular file, names that are not UTF-8 and more than 64 levels are listed
/// with a reason. kCancelled when stopped.
Result<ScanResult> scan_folder(const ScanOptions& options, const OnFolder& on_folder, std::stop_token stop);

/// Opens `path` beneath `root_fd` for reading. kNotFound when it is gone; kUnsupported for a link anywhere in the path
/// or anything but a regular file; other errors are those of the disk or of permissions.
Result<UniqueFd> open_beneath(int root_fd, const std::string& path);

Result<FileStamp> stamp_of(int fd, const std::string& path);

}  // namespace hearth::ingest
