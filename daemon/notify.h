// What systemd hears from us (sd_notify protocol). Does nothing when not started by systemd.
#pragma once

#include <chrono>
#include <string>

namespace hearth::daemon::notify {

void ready(const std::string& status);
void status(const std::string& text);
void reloading();
void stopping();
void watchdog_alive();
/// Start-up or shutdown needs up to `more` from now.
void extend_timeout(std::chrono::microseconds more);

/// How often systemd wants watchdog_alive() at the latest; 0 = no watchdog.
std::chrono::microseconds watchdog_interval();

}  // namespace hearth::daemon::notify
