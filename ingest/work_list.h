// The files waiting to be read: small ones first, failed attempts later. Not thread-safe; the pipeline's lock guards
// it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ingest/scanner.h"

namespace hearth::ingest {

class WorkList {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// Replaces what is waiting. A path that waits for another attempt with the same stamp goes on waiting.
    void replace(const std::vector<ScannedFile>& files);
    bool contains(const std::string& path) const { return entries_.contains(path); }
    std::vector<std::string> paths() const;
    std::size_t size() const { return entries_.size(); }

    /// The smallest file that may be tried at `now`.
    std::optional<ScannedFile> take(Time now);
    /// When the next file may be tried; empty when nothing waits.
    std::optional<Time> next_due() const;
    /// Puts the file back; every attempt doubles the wait from 1 s up to 32 s. Returns the time of the next attempt.
    Time retry_later(const ScannedFile& file, Time now);
    void forget_attempts(const std::string& path) { attempts_.erase(path); }

  private:
    struct Attempts {
        FileStamp stamp;
        int count = 0;
        Time not_before;
    };
    Time due(const std::string& path) const;

    std::map<std::string, ScannedFile> entries_;
    std::set<std::pair<std::int64_t, std::string>> by_size_;
    std::map<std::string, Attempts> attempts_;
};

}  // namespace hearth::ingest
