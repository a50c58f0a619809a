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
    ScannedFile to;
};

struct Round {
    std::vector<ScannedFile> ready;  ///< files to be read: complete ones that differ from the record, and growing ones
    std::vector<Renaming> renames;
    std::vector<std::string> removals;
    std::vector<std::string> vanished;  ///< all that are gone, removed in this round or not
    bool waiting = false;               ///< something is to be looked at again after the settle time
    bool settling = false;              ///< and it will be read or removed then: the folder is not mirrored yet
    bool deletes_held = false;
};

/// What may differ from one round to the next.
struct PlanSettings {
    std::chrono::milliseconds settle{700};
    PathFilter filter;
    std::string read_with;  ///< the reader and its limits: a file that failed under others is read again
};

class Planner {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /// The SHA-256 of a file in the folder; empty when it cannot be told now.
    using HashFile = std::function<std::string(const std::string& path)>;

    explicit Planner(HashFile hash) : hash_(std::move(hash)) {}

    /// What the record mirrors is another folder than the next scan's when their identities differ: if all that is
    /// recorded is missing there, it did not vanish by anybody's wish.
    void expect_root(const RootIdentity& root) { root_ = root; }
    /// Held deletions go through, now and until nothing is missing any more.
    void confirm_deletes() { confirmed_ = true; }

    Round plan(const PlanSettings& settings, const ScanResult& scan, const KnownFiles& known, Time now,
               std::int64_t wall_ns);

  private:
    struct Hashed {
        FileStamp stamp;
        std::string sha256;
    };
    void match_renames(const KnownFiles& known, std::vector<std::string>& missing, Round& round);
    const std::string& hash_cached(const ScannedFile& file);
    void decide_removals(const PlanSettings& settings, const KnownFiles& known, const std::vector<std::string>& missing,
                         const std::vector<ScannedFile>& unsettled, Time now, Round& round);

    SettleClock clock_;
    HashFile hash_;
    std::optional<RootIdentity> root_;
    bool root_suspect_ = false;
    bool confirmed_ = false;
    std::map<std::string, Time> missing_since_;
    std::map<std::string, Hashed> hashes_;  ///< of rename candidates, so that waiting rounds do not read them again
};

}  // namespace hearth::ingest
