#include "ingest/scanner.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/glob.h"
#include "core/utf8.h"
#include "ingest/file_name.h"

namespace hearth::ingest {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxPathBytes = 4095;

struct CloseDir {
    void operator()(DIR* dir) const noexcept { ::closedir(dir); }
};

FileStamp stamp_from(const struct stat& st) {
    const auto ns = [](const timespec& t) { return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec; };
    return {st.st_size, ns(st.st_mtim), ns(st.st_ctim), st.st_ino};
}

/// -1 with errno ENOSYS where the kernel or a container's filter has no openat2.
int openat2_beneath(int root_fd, const std::string& path, std::uint64_t flags) {
    open_how how{};
    how.flags = flags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    int fd = -1;
    do {
        fd = static_cast<int>(::syscall(SYS_openat2, root_fd, path.c_str(), &how, sizeof how));
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    return fd;
}

/// One component after the other, none of them a link: what openat2 does in one call.
int open_by_components(int root_fd, const std::string& path, int flags) {
    UniqueFd folder(::fcntl(root_fd, F_DUPFD_CLOEXEC, 0));
    std::size_t at = 0;
    for (;;) {
        const auto slash = path.find('/', at);
        const std::string name = path.substr(at, slash == std::string::npos ? slash : slash - at);
        if (name.empty() || name == "." || name == "..") {
            errno = EXDEV;
            return -1;
        }
        if (slash == std::string::npos) return ::openat(folder.get(), name.c_str(), flags | O_NOFOLLOW);
        UniqueFd next(::openat(folder.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next.valid()) return -1;
        folder = std::move(next);
        at = slash + 1;
    }
}

/// "2.9 MiB", rounded up: a file over the limit never reads as if it had the limit.
std::string mebibytes(std::int64_t bytes) {
    const std::int64_t tenths = (bytes * 10 + (1 << 20) - 1) >> 20;
    const std::string rest = tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10);
    return std::to_string(tenths / 10) + rest + " MiB";
}

bool any_match(const std::vector<std::string>& globs, const std::string& path) {
    return std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return glob_match(glob, path); });
}

class Walk {
  public:
    Walk(const ScanOptions& options, const OnFolder& on_folder, std::stop_token stop)
        : options_(options), on_folder_(on_folder), stop_(std::move(stop)) {}

    Result<ScanResult> run() {
        HEARTH_TRY(UniqueFd root, open_root(options_.root));
        struct stat st {};
        if (::fstat(root.get(), &st) != 0) return errno_error("stat", options_.root, errno);
        result_.root = {st.st_dev, st.st_ino};
        visit(std::move(root), "", 0);
        if (stop_.stop_requested()) return Error(ErrorCode::kCancelled, "the scan was stopped");
        std::sort(result_.files.begin(), result_.files.end(),
                  [](const ScannedFile& a, const ScannedFile& b) { return a.path < b.path; });
        // Names that are not UTF-8 can look alike.
        const auto repeated = std::unique(result_.files.begin(), result_.files.end(),
                                          [](const auto& a, const auto& b) { return a.path == b.path; });
        result_.files.erase(repeated, result_.files.end());
        return std::move(result_);
    }

  private:
    void visit(UniqueFd folder, const std::string& path, int depth) {
        if (on_folder_) on_folder_(folder.get(), path);
        const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(folder.get()));
        if (!dir) {
            result_.unreadable_folders.push_back(path);
            return;
        }
        folder.release();
        read_ignore_file(::dirfd(dir.get()), path);
        for (;;) {
            errno = 0;
            const dirent* entry = ::readdir(dir.get());
            if (entry == nullptr) break;
            if (stop_.stop_requested()) return;
            const std::string_view name = entry->d_name;
            if (is_scratch_name(name)) continue;
            consider(::dirfd(dir.get()), entry->d_name, path.empty() ? std::string(name) : path + "/" + entry->d_name,
                     depth);
        }
        if (errno != 0) result_.unreadable_folders.push_back(path);
    }

    void read_ignore_file(int folder_fd, const std::string& path) {
        const std::string name(kIgnoreFileName);
        const std::string shown = path.empty() ? name : path + "/" + name;
        const UniqueFd fd(::openat(folder_fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (!fd.valid() && errno == ENOENT) return;
        std::string text(kMaxIgnoreBytes + 1, '\0');
        const ssize_t size = fd.valid() ? ::pread(fd.get(), text.data(), text.size(), 0) : -1;
        if (size < 0) {
            result_.problem = shown + " cannot be read: nothing is left out by it";
            return;
        }
        text.resize(static_cast<std::size_t>(size));
        IgnoreFile file = IgnoreFile::parse(text);
        if (!file.problem().empty()) result_.problem = shown + ": " + file.problem();
        result_.ignored.add(path, std::move(file));
    }

    void consider(int folder_fd, const char* name, const std::string& path, int depth) {
        struct stat st {};
        if (::fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno != ENOENT) result_.unreadable_folders.push_back(path);
            return;
        }
        if (S_ISDIR(st.st_mode)) return descend(folder_fd, name, path, st, depth);
        if (!any_match(options_.filter.include, path) || options_.filter.excludes(path)) return;
        if (result_.ignored.ignores_entry(path, false)) return;
        result_.files.push_back(judge(folder_fd, name, path, st));
    }

    void descend(int folder_fd, const char* name, const std::string& path, const struct stat& st, int depth) {
        if (options_.filter.excludes(path) || result_.ignored.ignores_entry(path, true)) return;
        const Obstacle obstacle = obstacle_of(path, st, depth + 1);
        if (obstacle.reason != nullptr) {
            result_.files.push_back({sanitize_utf8(path), stamp_from(st), obstacle.reason, obstacle.remedy});
            return;
        }
        UniqueFd child(::openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!child.valid()) {
            if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) result_.unreadable_folders.push_back(path);
            return;
        }
        visit(std::move(child), path, depth + 1);
    }

    struct Obstacle {
        const char* reason = nullptr;
        const char* remedy = nullptr;
    };

    /// Why a folder or a file cannot be gone into or opened; no reason when it can.
    Obstacle obstacle_of(const std::string& path, const struct stat& st, int depth) const {
        if (!is_valid_utf8(path)) return {"the name is not valid UTF-8", "Rename it."};
        if (path.size() > kMaxPathBytes) return {"the path is longer than 4095 bytes", "Move it to a shorter path."};
        if (S_ISLNK(st.st_mode)) {
            return {"it is a symbolic link: only what lies in the folder itself is read",
                    "Put the file itself here instead of the link."};
        }
        if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
            return {"it is neither a file nor a folder", "Take it out of the folder."};
        }
        if (st.st_dev != result_.root.device) {
            return {"another file system is mounted here: only that of the folder itself is read",
                    "Copy the files into the folder, or mount that file system as the folder."};
        }
        if (depth >= kMaxDepth) return {"it lies more than 64 folders deep", "Move it further up."};
        return {};
    }

    ScannedFile judge(int folder_fd, const char* name, const std::string& path, const struct stat& st) const {
        ScannedFile file{sanitize_utf8(path), stamp_from(st), {}, {}};
        if (const Obstacle obstacle = obstacle_of(path, st, 0); obstacle.reason != nullptr) {
            file.reason = obstacle.reason;
            file.remedy = obstacle.remedy;
        } else if (st.st_size > options_.max_file_bytes) {
            file.reason = "the file has " + mebibytes(st.st_size) + "; at most " + mebibytes(options_.max_file_bytes) +
                          " are read";
            file.remedy = "Split the file, or raise ingest.max_file_mib in the configuration.";
        } else if (::faccessat(folder_fd, name, R_OK, AT_EACCESS) != 0 && errno == EACCES) {
            file.reason = "no permission to read the file";
            file.remedy = "Let the user hearth runs as read it (chmod a+r).";
        }
        return file;
    }

    const ScanOptions& options_;
    const OnFolder& on_folder_;
    const std::stop_token stop_;
    ScanResult result_;
};

}  // namespace

bool PathFilter::excludes(const std::string& path) const {
    return any_match(exclude, path);
}

bool PathFilter::selects(const std::string& path) const {
    if (!any_match(include, path)) return false;
    for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        if (excludes(path.substr(0, slash))) return false;
    }
    return !excludes(path);
}

Result<UniqueFd> open_root(const std::string& root) {
    UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return errno_error("open", root, errno);
    return fd;
}

Result<ScanResult> scan_folder(const ScanOptions& options, const OnFolder& on_folder, std::stop_token stop) {
    return Walk(options, on_folder, std::move(stop)).run();
}

Result<UniqueFd> open_beneath(int root_fd, const std::string& path) {
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    int raw = openat2_beneath(root_fd, path, kFlags);
    if (raw < 0 && (errno == ENOSYS || errno == EPERM)) raw = open_by_components(root_fd, path, kFlags);
    UniqueFd fd(raw);
    if (!fd.valid() && errno == ELOOP) return Error(ErrorCode::kUnsupported, path + " has become a link");
    if (!fd.valid()) return errno_error("open", path, errno);
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return errno_error("stat", path, errno);
    if (!S_ISREG(st.st_mode)) return Error(ErrorCode::kUnsupported, path + " is not a regular file");
    return fd;
}

Result<FileStamp> stamp_of(int fd, const std::string& path) {
    struct stat st {};
    if (::fstat(fd, &st) != 0) return errno_error("stat", path, errno);
    return stamp_from(st);
}

}  // namespace hearth::ingest
