#include "ingest/planner.h"

#include <algorithm>
#include <set>

namespace hearth::ingest {
namespace {

std::string base_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

Round Planner::plan(const ScanResult& scan, const KnownFiles& known, Time now, std::int64_t wall_ns) {
    if (root_ && *root_ != scan.root) root_suspect_ = true;
    root_ = scan.root;

    Difference difference = compare(known, scan);
    Round round;
    std::vector<ScannedFile> unsettled;
    for (ScannedFile& file : difference.changed) {
        const bool complete = !file.reason.empty() || clock_.settled(file, now, wall_ns);
        (complete ? round.ready : unsettled).push_back(std::move(file));
    }
    clock_.end_round();
    round.waiting = !unsettled.empty();
    round.vanished = difference.vanished;
    if (difference.vanished.empty()) {
        root_suspect_ = false;
        confirmed_ = false;
        hashes_.clear();
    }
    std::vector<std::string> missing = std::move(difference.vanished);
    match_renames(known, missing, round);
    decide_removals(known, missing, unsettled, now, round);
    return round;
}

const std::string& Planner::hash_cached(const ScannedFile& file) {
    Hashed& hashed = hashes_[file.path];
    if (hashed.stamp != file.stamp || hashed.sha256.empty()) hashed = {file.stamp, hash_(file.path)};
    return hashed.sha256;
}

// A vanished path and a new one with the same bytes are one document under another name.
void Planner::match_renames(const KnownFiles& known, std::vector<std::string>& missing, Round& round) {
    std::multimap<std::int64_t, std::string> by_size;
    for (const auto& path : missing) {
        const KnownFile& file = known.at(path);
        if (!file.content_sha256.empty()) by_size.emplace(file.size_bytes, path);
    }
    if (by_size.empty()) return;
    std::vector<ScannedFile> rest;
    std::set<std::string> renamed;
    for (ScannedFile& file : round.ready) {
        std::string from;
        if (!known.contains(file.path) && file.reason.empty() && by_size.contains(file.stamp.size_bytes)) {
            const std::string& sha256 = hash_cached(file);
            const auto [begin, end] = by_size.equal_range(file.stamp.size_bytes);
            for (auto candidate = begin; candidate != end && !sha256.empty(); ++candidate) {
                if (renamed.contains(candidate->second) || known.at(candidate->second).content_sha256 != sha256)
                    continue;
                const bool same_name = base_name(candidate->second) == base_name(file.path);
                if (from.empty() || same_name) from = candidate->second;
                if (same_name) break;
            }
        }
        if (from.empty()) {
            rest.push_back(std::move(file));
            continue;
        }
        renamed.insert(from);
        round.renames.push_back({from, file.path});
    }
    round.ready = std::move(rest);
    std::erase_if(missing, [&](const std::string& path) { return renamed.contains(path); });
}

void Planner::decide_removals(const KnownFiles& known, const std::vector<std::string>& missing,
                              const std::vector<ScannedFile>& unsettled, Time now, Round& round) {
    std::map<std::string, Time> since;
    for (const auto& path : missing) {
        const auto before = missing_since_.find(path);
        since.emplace(path, before == missing_since_.end() ? now : before->second);
    }
    missing_since_ = std::move(since);
    const bool suspicious = !missing.empty() && (root_suspect_ || looks_like_lost_mount(missing.size(), known.size()));
    round.deletes_held = suspicious && !confirmed_;
    if (round.deletes_held) return;
    std::set<std::int64_t> arriving;
    for (const auto& file : unsettled) arriving.insert(file.stamp.size_bytes);
    for (const auto& path : missing) {
        // Editors delete and write again, and a move may fall between the scan's reading of two folders.
        const bool wait = now - missing_since_.at(path) < settle_ || arriving.contains(known.at(path).size_bytes);
        if (wait)
            round.waiting = true;
        else
            round.removals.push_back(path);
    }
}

}  // namespace hearth::ingest
