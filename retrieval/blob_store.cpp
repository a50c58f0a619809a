#include "retrieval/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"

namespace hearth::retrieval {
namespace {

namespace fs = std::filesystem;

constexpr char kTemporaryPrefix[] = "tmp.";
constexpr std::size_t kCopyBytes = 1 << 20;

/// The store's own trouble, told apart from the source's: it stands in the way of every file.
Error store_error(const Error& error) {
    const bool full = error.code == ErrorCode::kResourceExhausted;
    return Error(full ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
                 "the blob store cannot be written (" + error.message + ")" +
                     (full ? ": make room on its disk" : ": check its disk and permissions"));
}

struct Copied {
    std::string sha256;
    std::int64_t size_bytes = 0;
};

/// At most `limit` bytes from the beginning of `from`.
Result<Copied> copy_and_hash(int from, int to, std::int64_t limit, const std::string& name,
                             const std::stop_token& stop) {
    Sha256 hash;
    std::vector<std::byte> buffer(kCopyBytes);
    std::int64_t at = 0;
    while (at < limit) {
        if (stop.stop_requested()) return Error(ErrorCode::kCancelled, "stopped while copying " + name);
        const auto want = std::min<std::int64_t>(limit - at, static_cast<std::int64_t>(buffer.size()));
        const ssize_t n = ::pread(from, buffer.data(), static_cast<std::size_t>(want), at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("read", name, errno);
        if (n == 0) break;
        const std::span<const std::byte> bytes(buffer.data(), static_cast<std::size_t>(n));
        hash.update(bytes);
        if (Status written = write_all(to, bytes); !written.ok()) return store_error(written.error());
        at += n;
    }
    return Copied{hash.finish_hex(), at};
}

bool is_same(const struct stat& a, const struct stat& b) {
    const auto equal = [](const timespec& x, const timespec& y) {
        return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
    };
    return a.st_size == b.st_size && equal(a.st_mtim, b.st_mtim) && equal(a.st_ctim, b.st_ctim);
}

}  // namespace

/// Removes its file unless it was published.
class BlobStore::TemporaryFile {
  public:
    explicit TemporaryFile(std::string path)
        : path_(std::move(path)),
          fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) {
        error_ = fd_.valid() ? 0 : errno;
    }
    ~TemporaryFile() {
        if (fd_.valid() && !published_) ::unlink(path_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    int fd() const { return fd_.get(); }
    Status opened() const { return fd_.valid() ? Status{} : Status(errno_error("create", path_, error_)); }
    Status publish(const std::string& target) {
        if (::fsync(fd_.get()) != 0) return errno_error("fsync", path_, errno);
        if (::rename(path_.c_str(), target.c_str()) != 0) return errno_error("rename", path_, errno);
        published_ = true;
        return sync_directory(fs::path(target).parent_path().string());
    }

  private:
    std::string path_;
    UniqueFd fd_;
    int error_ = 0;
    bool published_ = false;
};

bool is_sha256_hex(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Result<BlobStore> BlobStore::open(const std::string& directory) {
    HEARTH_TRY_STATUS(make_directories(directory));
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(kTemporaryPrefix)) ::unlink(entry.path().c_str());
    }
    if (error) return Error(ErrorCode::kInternal, "list " + directory + ": " + error.message());
    // All folders now: put() then never has to make a folder durable, even beside another put().
    static constexpr char kDigits[] = "0123456789abcdef";
    for (int i = 0; i < 256; ++i) {
        const std::string folder = directory + "/" + kDigits[i / 16] + kDigits[i % 16];
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return errno_error("mkdir", folder, errno);
    }
    HEARTH_TRY_STATUS(sync_directory(directory));
    return BlobStore(directory);
}

std::string BlobStore::path_of(const std::string& sha256) const {
    return directory_ + "/" + sha256.substr(0, 2) + "/" + sha256;
}

bool BlobStore::contains(const std::string& sha256) const {
    struct stat info {};
    return is_sha256_hex(sha256) && ::stat(path_of(sha256).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

Result<KeptBlob> BlobStore::keep(int source_fd, const std::string& name, SourceFile source,
                                 std::stop_token stop) const {
    struct stat before {};
    if (::fstat(source_fd, &before) != 0) return errno_error("stat", name, errno);
    if (!S_ISREG(before.st_mode)) return Error(ErrorCode::kInvalidArgument, name + " is not a regular file");
    TemporaryFile temporary(directory_ + "/" + kTemporaryPrefix + random_hex(8));
    if (const Status opened = temporary.opened(); !opened.ok()) return store_error(opened.error());
    HEARTH_TRY(Copied copied, copy_and_hash(source_fd, temporary.fd(), before.st_size, name, stop));
    struct stat after {};
    if (::fstat(source_fd, &after) != 0) return errno_error("stat", name, errno);
    if (source == SourceFile::kStill && (!is_same(before, after) || copied.size_bytes != before.st_size)) {
        return Error(ErrorCode::kUnavailable, name + " changed while it was read; it will be read again");
    }
    const Status published = publish(temporary, copied.sha256, copied.size_bytes);
    if (!published.ok()) return store_error(published.error());
    UniqueFd fd(::open(path_of(copied.sha256).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) return store_error(errno_error("open", path_of(copied.sha256), errno));
    return KeptBlob{std::move(copied.sha256), copied.size_bytes, std::move(fd)};
}

Status BlobStore::publish(TemporaryFile& temporary, const std::string& sha256, std::int64_t size_bytes) const {
    const std::string target = path_of(sha256);
    struct stat info {};
    const bool there = ::stat(target.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size == size_bytes;
    if (!there) return temporary.publish(target);
    // Young again: garbage collection leaves it alone until its document is committed. Whoever renamed it may have
    // died before the folder was durable.
    if (::utimensat(AT_FDCWD, target.c_str(), nullptr, 0) != 0) return errno_error("touch", target, errno);
    return sync_directory(fs::path(target).parent_path().string());
}

Result<std::vector<std::string>> BlobStore::list() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(directory_, error)) {
        const std::string name = entry.path().filename().string();
        if (is_sha256_hex(name)) names.push_back(name);
    }
    if (error) return Error(ErrorCode::kInternal, "list " + directory_ + ": " + error.message());
    return names;
}

Result<int> BlobStore::collect_garbage(const std::set<std::string>& referenced, std::chrono::seconds age) const {
    HEARTH_TRY(const std::vector<std::string> names, list());
    int removed = 0;
    const std::time_t now = std::time(nullptr);
    for (const std::string& name : names) {
        struct stat info {};
        if (referenced.contains(name) || ::stat(path_of(name).c_str(), &info) != 0) continue;
        if (now - info.st_mtime < age.count()) continue;
        if (::unlink(path_of(name).c_str()) == 0) ++removed;
    }
    return removed;
}

}  // namespace hearth::retrieval
