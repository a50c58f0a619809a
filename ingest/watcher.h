// inotify on a tree of folders: says that something changed, never what. The scan finds out.
#pragma once

#include <string>

#include "core/file.h"
#include "core/result.h"

namespace hearth::ingest {

/// One thread at a time.
class Watcher {
  public:
    static Result<Watcher> create();

    /// Readable when there is something to drain.
    int fd() const noexcept { return fd_.get(); }

    /// Watches the open folder itself, not its children. Again is harmless. Errors: kResourceExhausted when the
    /// kernel's limit of watches is reached; the message says what to raise.
    Status watch(int folder_fd, const std::string& path);

    struct Events {
        bool changed = false;
        bool overflowed = false;  ///< events were lost: only a full scan knows
    };
    /// Takes everything that is waiting. Never blocks.
    Events drain();

  private:
    explicit Watcher(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace hearth::ingest
