// The files waiting to be read: small ones first, failed attempts later. Not thread-safe; the work board's lock
// guards it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ingest/scanner.h"

namespace hearth::ingest {

/// Two lanes work side by side, so that a large or slow file never keeps a small one waiting.
enum class Lane { kQuick, kPatient };

class WorkList {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::int64_t kQuickBytes = 1 << 20;

    /// Replaces what is waiting. A path that waits for another attempt with the same stamp goes on waiting; past
    /// attempts of files `in_work` are remembered too.
    void replace(const std::vector<ScannedFile>& files, const std::function<bool(const std::string&)>& in_work);
    bool contains(const std::string& path) const { return entries_.contains(path); }
    std::vector<std::string> paths() const;
    std::size_t size() const { return entries_.size(); }

    /// The smallest file of the lane that may be tried at `now` and is not `blocked`.
    std::optional<ScannedFile> take(Lane lane, Time now, const std::function<bool(const std::string&)>& blocked);
    /// When the lane's next file may be tried; empty when nothing waits.
    std::optional<Time> next_due(Lane lane) const;

    void put_back(const ScannedFile& file);
    /// Whatever asks for this file again with this stamp waits: every attempt doubles the time from 1 s up to 32 s.
    void delay(const ScannedFile& file, const std::string& why, Time now);
    /// The file belongs to the patient lane, whatever its size.
    void mark_slow(const ScannedFile& file);
    void forget_attempts(const std::string& path) { attempts_.erase(path); }
    /// Why a file is being tried again; empty when none is.
    std::string problem() const;

  private:
    struct Attempts {
        FileStamp stamp;
        int count = 0;
        Time not_before = Time::min();
        bool slow = false;
        std::string why;
    };
    Attempts& attempts_of(const ScannedFile& file);
    Time due(const std::string& path) const;
    Lane lane_of(const ScannedFile& file) const;

    std::map<std::string, ScannedFile> entries_;
    std::set<std::pair<std::int64_t, std::string>> by_size_;
    std::map<std::string, Attempts> attempts_;
};

}  // namespace hearth::ingest
