#include "web/upload_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/hash.h"
#include "core/utf8.h"

namespace hearth::web {
namespace {

constexpr std::string_view kPrefix = ".hearth-upload-";
constexpr std::string_view kSuffix = ".part";
constexpr std::size_t kMaxNameBytes = 200;
constexpr int kMaxSameName = 1000;

std::string numbered(const std::string& name, int number) {
    if (number == 1) return name;
    const std::filesystem::path path(name);
    return path.stem().string() + " (" + std::to_string(number) + ")" + path.extension().string();
}

}  // namespace

Result<UploadFile> UploadFile::create(const std::string& directory) {
    HEARTH_TRY_STATUS(make_directories(directory));
    std::string path = directory + "/" + std::string(kPrefix) + random_hex(12) + std::string(kSuffix);
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (!fd.valid()) return errno_error("create", path, errno);
    return UploadFile(std::move(path), std::move(fd));
}

UploadFile::UploadFile(UploadFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)), size_(other.size_) {}

UploadFile::~UploadFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

Status UploadFile::append(std::string_view bytes) {
    HEARTH_TRY_STATUS(write_all(fd_.get(), std::as_bytes(std::span(bytes.data(), bytes.size()))));
    size_ += static_cast<std::int64_t>(bytes.size());
    return {};
}

Result<std::string> UploadFile::publish(const std::string& directory, const std::string& name) {
    if (::fsync(fd_.get()) != 0) return errno_error("fsync", path_, errno);
    for (int number = 1; number <= kMaxSameName; ++number) {
        const std::string candidate = numbered(name, number);
        const std::string target = directory + "/" + candidate;
        if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) {
            path_.clear();
            HEARTH_TRY_STATUS(sync_directory(directory));
            return candidate;
        }
        if (errno != EEXIST) return errno_error("rename to", target, errno);
    }
    return Error(ErrorCode::kAlreadyExists, "a thousand files are named like " + name + "; choose another name");
}

void remove_stale_uploads(const std::string& directory) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) std::filesystem::remove(entry.path(), ignored);
    }
}

Result<std::string> safe_file_name(std::string_view name) {
    const std::size_t separator = name.find_last_of("/\\");
    if (separator != std::string_view::npos) name.remove_prefix(separator + 1);
    const auto refuse = [](const char* why) {
        return Error(ErrorCode::kInvalidArgument, std::string("the file name ") + why);
    };
    if (name.empty()) return refuse("is empty: pass it as ?name=report.pdf");
    if (name.size() > kMaxNameBytes) return refuse("is longer than 200 bytes");
    if (name.front() == '.') return refuse("starts with a dot: hidden files are never indexed");
    if (name.ends_with(kSuffix)) return refuse("ends in .part: such files are taken for unfinished downloads");
    if (!is_valid_utf8(name)) return refuse("is not valid UTF-8");
    for (const char c : name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("contains control characters");
    }
    return std::string(name);
}

}  // namespace hearth::web
