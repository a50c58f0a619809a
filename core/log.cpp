#include "core/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "core/check.h"
#include "core/result.h"

namespace hearth {
namespace {

std::atomic<LogLevel>& threshold() noexcept {
    static std::atomic<LogLevel> level{LogLevel::kInfo};
    return level;
}

bool journald_owns_stderr() noexcept {
    static const bool owns = std::getenv("JOURNAL_STREAM") != nullptr;
    return owns;
}

const char* prefix(LogLevel level) noexcept {
    if (journald_owns_stderr()) {
        switch (level) {
            case LogLevel::kDebug:
                return "<7>";
            case LogLevel::kInfo:
                return "<6>";
            case LogLevel::kWarn:
                return "<4>";
            case LogLevel::kError:
                return "<3>";
        }
    }
    switch (level) {
        case LogLevel::kDebug:
            return "debug ";
        case LogLevel::kInfo:
            return "info  ";
        case LogLevel::kWarn:
            return "warn  ";
        case LogLevel::kError:
            return "error ";
    }
    return "";
}

void write_all(std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
        if (n <= 0) return;  // nowhere left to report to
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace

LogField::LogField(std::string_view k, double v) : key(k) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.6g", v);
    value = buffer;
}

void set_log_level(LogLevel level) noexcept {
    threshold().store(level, std::memory_order_relaxed);
}

bool log_enabled(LogLevel level) noexcept {
    return level >= threshold().load(std::memory_order_relaxed);
}

std::string escape_control(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
            continue;
        }
        char hex[5];
        std::snprintf(hex, sizeof hex, "\\x%02x", byte);
        out += hex;
    }
    return out;
}

void log_event(LogLevel level, std::string_view area, std::string_view event, std::initializer_list<LogField> fields) {
    std::string line = prefix(level);
    line.append(area).append(" ").append(event);
    for (const LogField& field : fields) {
        line.append(" ").append(field.key).append("=");
        const bool quote = field.value.empty() || field.value.find(' ') != std::string::npos;
        if (quote) line += '"';
        line += escape_control(field.value);
        if (quote) line += '"';
    }
    line += '\n';
    write_all(line);
}

void check_failed(std::string_view condition, const char* file, int line) noexcept {
    log_event(LogLevel::kError, "core", "check_failed", {{"condition", condition}, {"file", file}, {"line", line}});
    std::abort();
}

const char* error_code_name(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return "invalid_argument";
        case ErrorCode::kNotFound:
            return "not_found";
        case ErrorCode::kAlreadyExists:
            return "already_exists";
        case ErrorCode::kPermissionDenied:
            return "permission_denied";
        case ErrorCode::kUnavailable:
            return "unavailable";
        case ErrorCode::kResourceExhausted:
            return "resource_exhausted";
        case ErrorCode::kDataLoss:
            return "data_loss";
        case ErrorCode::kCancelled:
            return "cancelled";
        case ErrorCode::kDeadlineExceeded:
            return "deadline_exceeded";
        case ErrorCode::kUnsupported:
            return "unsupported";
        case ErrorCode::kInternal:
            return "internal";
    }
    return "internal";
}

}  // namespace hearth
