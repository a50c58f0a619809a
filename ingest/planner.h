// Turns scans into work: what to read, rename and remove, and what to wait for. One thread; the clocks come from
// outside.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ingest/plan.h"

namespace hearth::ingest {

struct Renaming {
    std::string from;
    std::string to;
};

struct Round {
    std::vector<ScannedFile> ready;  ///< complete files that differ from the record
    std::vector<Renaming> renames;
    std::vector<std::string> removals;
    std::vector<std::string> vanished;  ///< all that are gone, removed in this round or not
    bool waiting = false;               ///< something is to be looked at again after the settle time
    bool deletes_held = false;
};

class Planner {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /// The SHA-256 of a file in the folder; empty when it cannot be told now.
    using HashFile = std::function<std::string(const std::string& path)>;

    Planner(std::chrono::milliseconds settle, HashFile hash)
        : settle_(settle), clock_(settle), hash_(std::move(hash)) {}

    /// The folder was not there and has just been made: what is recorded did not vanish by anybody's wish.
    void suspect_root() { root_suspect_ = true; }
    /// Held deletions go through, now and until nothing is missing any more.
    void confirm_deletes() { confirmed_ = true; }

    Round plan(const ScanResult& scan, const KnownFiles& known, Time now, std::int64_t wall_ns);

  private:
    struct Hashed {
        FileStamp stamp;
        std::string sha256;
    };
    void match_renames(const KnownFiles& known, std::vector<std::string>& missing, Round& round);
    const std::string& hash_cached(const ScannedFile& file);
    void decide_removals(const KnownFiles& known, const std::vector<std::string>& missing,
                         const std::vector<ScannedFile>& unsettled, Time now, Round& round);

    const std::chrono::milliseconds settle_;
    SettleClock clock_;
    HashFile hash_;
    std::optional<RootIdentity> root_;
    bool root_suspect_ = false;
    bool confirmed_ = false;
    std::map<std::string, Time> missing_since_;
    std::map<std::string, Hashed> hashes_;  ///< of rename candidates, so that waiting rounds do not read them again
};

}  // namespace hearth::ingest
