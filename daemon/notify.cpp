#include "daemon/notify.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdint>

namespace hearth::daemon::notify {
namespace {

/// systemd reads line by line: a newline in a status would start another message.
std::string one_line(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return text;
}

void send(const std::string& message) {
    sd_notify(0, message.c_str());
}

}  // namespace

void ready(const std::string& text) {
    send("READY=1\nSTATUS=" + one_line(text));
}

void status(const std::string& text) {
    send("STATUS=" + one_line(text));
}

void reloading() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const std::int64_t usec = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

void stopping() {
    send("STOPPING=1\nSTATUS=stopping");
}

void watchdog_alive() {
    send("WATCHDOG=1");
}

void extend_timeout(std::chrono::microseconds more) {
    send("EXTEND_TIMEOUT_USEC=" + std::to_string(more.count()));
}

std::chrono::microseconds watchdog_interval() {
    std::uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) <= 0) return std::chrono::microseconds{0};
    return std::chrono::microseconds{usec};
}

}  // namespace hearth::daemon::notify
