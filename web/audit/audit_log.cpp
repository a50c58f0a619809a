#include "web/audit/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"

namespace hearth::web {
namespace {

using nlohmann::json;

std::string older(const std::string& path) {
    return path + ".1";
}

/// An absent file is an empty one.
Result<std::string> read_or_empty(const std::string& path, std::size_t max_bytes) {
    auto text = read_file(path, max_bytes);
    if (!text.ok() && text.error().code == ErrorCode::kNotFound) return std::string();
    return text;
}

void add_newest_first(std::string_view text, std::size_t most, std::vector<json>& out) {
    while (!text.empty() && out.size() < most) {
        if (text.back() == '\n') text.remove_suffix(1);
        const std::size_t newline = text.rfind('\n');
        const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
        auto line = parse_json(text.substr(begin));
        if (line.ok() && line->is_object()) out.push_back(std::move(*line));
        text = text.substr(0, begin);
    }
}

/// Of an empty file too: nothing is torn.
Result<bool> ends_with_newline(int fd, std::int64_t size, const std::string& path) {
    if (size == 0) return true;
    char last = 0;
    if (::pread(fd, &last, 1, size - 1) != 1) return errno_error("read", path, errno);
    return last == '\n';
}

}  // namespace

bool is_audited(const Route& route) noexcept {
    return route.scope >= Scope::kWrite && route.method != Method::kGet;
}

std::string audit_path(const std::string& home) {
    return home.empty() ? std::string() : home + "/audit.jsonl";
}

Status AuditLog::record(const Route& route, const Request& request, int status, std::int64_t now) {
    if (path_.empty()) return {};
    const json entry{{"time", now},
                     {"request", request.id},
                     {"key", request.caller.key_id},
                     {"name", request.caller.name},
                     {"peer", request.peer},
                     {"method", method_name(route.method)},
                     {"route", route.pattern},
                     {"path", request.path.substr(0, utf8_floor(request.path, kMaxPathBytes))},
                     {"status", status}};
    const std::string line = dump_json(entry) + "\n";
    const std::lock_guard lock(mutex_);
    return append_locked(line);
}

Status AuditLog::append_locked(const std::string& line) {
    std::error_code none;
    const auto size_before = std::filesystem::file_size(path_, none);
    const bool is_new = bool(none);
    const bool full = !is_new && size_before + line.size() + 1 > max_file_bytes_;  // behind a torn line a newline
    if (full && ::rename(path_.c_str(), older(path_).c_str()) != 0) return errno_error("rename", path_, errno);
    const UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!fd.valid()) return errno_error("open", path_, errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat", path_, errno);
    HEARTH_TRY(const bool whole, ends_with_newline(fd.get(), status.st_size, path_));
    const std::string text = whole ? line : "\n" + line;
    HEARTH_TRY_STATUS(write_all(fd.get(), std::as_bytes(std::span(text))));
    if (::fdatasync(fd.get()) != 0) return errno_error("fdatasync", path_, errno);
    if (!is_new && !full) return {};
    return sync_directory(std::filesystem::path(path_).parent_path().string());
}

Result<std::vector<json>> AuditLog::recent(std::size_t most) const {
    std::vector<json> out;
    if (path_.empty()) return out;
    const std::lock_guard lock(mutex_);
    for (const std::string& path : {path_, older(path_)}) {
        if (out.size() >= most) break;
        HEARTH_TRY(const std::string text, read_or_empty(path, kMaxFileBytes));
        add_newest_first(text, most, out);
    }
    return out;
}

}  // namespace hearth::web
