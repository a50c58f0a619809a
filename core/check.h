// Checks for bugs. A failed check means this program is wrong, never that its input is: input errors are Results.
#pragma once

#include <string_view>

namespace hearth {

/// Logs the failed condition with its place and aborts. systemd restarts the daemon; the record survives by design.
[[noreturn]] void check_failed(std::string_view condition, const char* file, int line) noexcept;

}  // namespace hearth

/// Always compiled in. One condition each, so that the message names the broken promise.
#define HEARTH_CHECK(condition)                                                   \
    do {                                                                          \
        if (!(condition)) ::hearth::check_failed(#condition, __FILE__, __LINE__); \
    } while (false)
