// SIGTERM, SIGINT and SIGHUP as values that the main thread waits for.
#pragma once

#include <chrono>

#include "core/file.h"
#include "core/result.h"

namespace hearth::daemon {

/// From construction on, these signals are queued here instead of ending the process. Handlers and a pipe, not a
/// blocked mask: libraries that start threads before main() (OpenBLAS does) leave those threads with the signals
/// open, and the kernel may deliver to any of them. One per process, made before other threads; also ignores SIGPIPE.
class Signals {
  public:
    static Result<Signals> open();
    Signals(Signals&&) = default;
    ~Signals();

    /// The next signal, oldest first; 0 when none came within `timeout`.
    int wait(std::chrono::milliseconds timeout);

  private:
    Signals(UniqueFd read, UniqueFd write) : read_(std::move(read)), write_(std::move(write)) {}

    UniqueFd read_;
    UniqueFd write_;
};

}  // namespace hearth::daemon
