#include "retrieval/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

/// Removes its file unless it was published.
class TemporaryFile {
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

Result<UniqueFd> open_source(const std::string& path) {
    // O_NONBLOCK: a FIFO put in the place of the file must not hang the open.
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) return errno_error("open", path, errno);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return errno_error("stat", path, errno);
    if (!S_ISREG(info.st_mode)) return Error(ErrorCode::kInvalidArgument, path + " is not a regular file");
    return fd;
}

Result<std::string> copy_and_hash(int from, int to, const std::string& path) {
    Sha256 hash;
    std::vector<std::byte> buffer(kCopyBytes);
    for (;;) {
        const ssize_t n = ::read(from, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("read", path, errno);
        if (n == 0) return hash.finish_hex();
        const std::span<const std::byte> bytes(buffer.data(), static_cast<std::size_t>(n));
        hash.update(bytes);
        HEARTH_TRY_STATUS(write_all(to, bytes));
    }
}

}  // namespace

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

Status BlobStore::put(const std::string& source_path, const std::string& sha256) const {
    if (!is_sha256_hex(sha256)) {
        return Error(ErrorCode::kInvalidArgument, "not a SHA-256 in 64 lower-case hex digits: " + sha256);
    }
    const std::string target = path_of(sha256);
    if (contains(sha256)) {
        // Young again: garbage collection leaves it alone until its document is committed.
        ::utimensat(AT_FDCWD, target.c_str(), nullptr, 0);
        return {};
    }
    HEARTH_TRY(const UniqueFd source, open_source(source_path));
    TemporaryFile temporary(directory_ + "/" + kTemporaryPrefix + random_hex(8));
    HEARTH_TRY_STATUS(temporary.opened());
    HEARTH_TRY(const std::string actual, copy_and_hash(source.get(), temporary.fd(), source_path));
    if (actual != sha256) {
        return Error(ErrorCode::kUnavailable, source_path + " changed while it was read: its bytes hash to " + actual +
                                                  ", not " + sha256 + "; it will be read again");
    }
    return temporary.publish(target);
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
