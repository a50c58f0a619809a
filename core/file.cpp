#include "core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace hearth {
namespace {

ErrorCode code_of(int error_number) noexcept {
    switch (error_number) {
        case ENOENT:
        case ENOTDIR:
            return ErrorCode::kNotFound;
        case EACCES:
        case EPERM:
        case EROFS:
            return ErrorCode::kPermissionDenied;
        case EEXIST:
            return ErrorCode::kAlreadyExists;
        case ENOSPC:
        case EDQUOT:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
            return ErrorCode::kResourceExhausted;
        default:
            return ErrorCode::kInternal;
    }
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

void UniqueFd::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::span<const std::byte> part) const noexcept {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
    const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) / page * page;
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return errno_error("open", path, errno);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return errno_error("stat", path, errno);
    if (!S_ISREG(info.st_mode)) {
        return Error(ErrorCode::kInvalidArgument, path + " is not a regular file");
    }
    const auto size = static_cast<std::size_t>(info.st_size);
    if (size == 0) return MappedFile(nullptr, 0);
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (data == MAP_FAILED) return errno_error("mmap", path, errno);
    return MappedFile(static_cast<const std::byte*>(data), size);
}

Error errno_error(std::string_view operation, std::string_view path, int error_number, const char* file, int line) {
    std::string message(operation);
    message.append(" ").append(path).append(": ");
    message += std::generic_category().message(error_number);
    return Error(code_of(error_number), std::move(message), file, line);
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return errno_error("open", path, errno);
    std::string out;
    char buffer[1 << 16];
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("read", path, errno);
        if (n == 0) return out;
        if (out.size() + static_cast<std::size_t>(n) > max_bytes) {
            return Error(ErrorCode::kResourceExhausted,
                         path + " is larger than the limit of " + std::to_string(max_bytes) + " bytes");
        }
        out.append(buffer, static_cast<std::size_t>(n));
    }
}

Status write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error("write", "file", errno);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

Status atomic_write_file(const std::string& path, std::string_view bytes, unsigned mode) {
    const std::string temporary = path + ".tmp." + std::to_string(::getpid());
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd.valid()) return errno_error("create", temporary, errno);
    Status written = write_all(fd.get(), std::as_bytes(std::span(bytes)));
    if (written.ok() && ::fsync(fd.get()) != 0) written = errno_error("fsync", temporary, errno);
    if (written.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
        written = errno_error("rename", temporary, errno);
    }
    if (!written.ok()) {
        ::unlink(temporary.c_str());
        return written;
    }
    return sync_directory(std::filesystem::path(path).parent_path().string());
}

Status sync_directory(const std::string& directory) {
    const std::string path = directory.empty() ? "." : directory;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return errno_error("open", path, errno);
    if (::fsync(fd.get()) != 0) return errno_error("fsync", path, errno);
    return {};
}

Status make_directories(const std::string& path) {
    const std::filesystem::path target(path);
    std::filesystem::path level;
    for (const auto& part : target) {
        level /= part;
        if (level.empty() || level == "/") continue;
        if (::mkdir(level.c_str(), 0700) != 0 && errno != EEXIST) {
            return errno_error("mkdir", level.string(), errno);
        }
    }
    return {};
}

}  // namespace hearth
