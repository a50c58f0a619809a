// When each key was last used, in a small file of its own: keys.json is written by people's commands only.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "core/result.h"

namespace hearth::web {

/// Thread-safe. Times are UNIX seconds by key id.
class KeyUse {
  public:
    /// Of an empty home nothing is read or written.
    explicit KeyUse(const std::string& home);
    void note(const std::string& id, std::int64_t now);
    /// Replaces the file when something is new: what a crash can cost is the times since the last call.
    Status save();

  private:
    const std::string path_;
    const std::string keys_path_;
    std::mutex mutex_;
    std::map<std::string, std::int64_t> times_;
    bool changed_ = false;
};

}  // namespace hearth::web
