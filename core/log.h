// One event per line on stderr: journald priority prefix when it owns stderr, plain text otherwise. Only log.cpp writes
// there.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hearth {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// One named value of an event. Values are escaped: control bytes never reach the terminal or journal.
struct LogField {
    std::string_view key;
    std::string value;

    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const char* v) : key(k), value(v) {}
    LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
    LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
    LogField(std::string_view k, double v);
    LogField(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, unsigned v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, long v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, unsigned long v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, long long v) : key(k), value(std::to_string(v)) {}
    LogField(std::string_view k, unsigned long long v) : key(k), value(std::to_string(v)) {}
};

/// Messages below `level` are dropped. Process-wide; set once at start. Default kInfo.
void set_log_level(LogLevel level) noexcept;
bool log_enabled(LogLevel level) noexcept;

/// Writes "area event key=value ..." as one write(2). Thread-safe. Never log document or prompt text above kDebug.
void log_event(LogLevel level, std::string_view area, std::string_view event,
               std::initializer_list<LogField> fields = {});

/// `text` with control bytes as \xNN, for any place where outside text meets a terminal.
std::string escape_control(std::string_view text);

}  // namespace hearth

/// Fields are not evaluated when the level is off: HEARTH_LOG(kInfo, "ingest", "file_indexed", {{"chunks", n}}).
#define HEARTH_LOG(level, ...)                                           \
    do {                                                                 \
        if (::hearth::log_enabled(::hearth::LogLevel::level))            \
            ::hearth::log_event(::hearth::LogLevel::level, __VA_ARGS__); \
    } while (false)
