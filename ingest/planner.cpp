#include "ingest/planner.h"

#include <algorithm>
#include <set>

#include "ingest/file_name.h"

namespace hearth::ingest {

Round Planner::plan(const PlanSettings& settings, const ScanResult& scan, const KnownFiles& known, Time now,
                    std::int64_t wall_ns) {
    if (root_ && *root_ != scan.root) root_suspect_ = true;
    root_ = scan.root;

    Difference difference = compare(known, scan, settings.filter, settings.read_with);
    Round round;
    std::vector<ScannedFile> unsettled;
    for (ScannedFile& file : difference.changed) {
        const auto recorded = known.find(file.path);
        const FileStamp before = recorded == known.end() ? FileStamp() : recorded->second.stamp;
        const Settled settled =
            file.reason.empty() ? clock_.look(file, before, settings.settle, now, wall_ns) : Settled::kYes;
        file.growing = settled == Settled::kGrowing;
        const bool complete = settled == Settled::kYes || settled == Settled::kGrowing;
        // What goes on growing is never done with: nobody waits for that.
        round.settling = round.settling || settled == Settled::kNo;
        (complete ? round.ready : unsettled).push_back(std::move(file));
    }
    clock_.end_round();
    round.waiting = !unsettled.empty();
    round.removals = std::move(difference.deselected);
    round.vanished = difference.vanished;
    if (difference.vanished.empty()) {
        root_suspect_ = false;
        confirmed_ = false;
        hashes_.clear();
    }
    std::vector<std::string> missing = std::move(difference.vanished);
    match_renames(known, missing, round);
    decide_removals(settings, known, missing, unsettled, now, round);
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
        if (!file.content_sha256.empty()) by_size.emplace(file.stamp.size_bytes, path);
    }
    if (by_size.empty()) return;
    std::vector<ScannedFile> rest;
    std::set<std::string> renamed;
    for (ScannedFile& file : round.ready) {
        std::string from;
        if (!known.contains(file.path) && file.reason.empty() && !file.growing &&
            by_size.contains(file.stamp.size_bytes)) {
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
        round.renames.push_back({from, std::move(file)});
    }
    round.ready = std::move(rest);
    std::erase_if(missing, [&](const std::string& path) { return renamed.contains(path); });
}

void Planner::decide_removals(const PlanSettings& settings, const KnownFiles& known,
                              const std::vector<std::string>& missing, const std::vector<ScannedFile>& unsettled,
                              Time now, Round& round) {
    std::map<std::string, Time> since;
    for (const auto& path : missing) {
        const auto before = missing_since_.find(path);
        since.emplace(path, before == missing_since_.end() ? now : before->second);
    }
    missing_since_ = std::move(since);
    const bool another_folder = root_suspect_ && missing.size() == known.size();
    const bool suspicious = !missing.empty() && (another_folder || looks_like_lost_mount(missing.size(), known.size()));
    round.deletes_held = suspicious && !confirmed_;
    if (round.deletes_held) return;
    std::set<std::int64_t> arriving;
    for (const auto& file : unsettled) arriving.insert(file.stamp.size_bytes);
    for (const auto& path : missing) {
        // Editors delete and write again, and a move may fall between the scan's reading of two folders.
        const bool wait =
            now - missing_since_.at(path) < settings.settle || arriving.contains(known.at(path).stamp.size_bytes);
        if (wait)
            round.waiting = round.settling = true;
        else
            round.removals.push_back(path);
    }
}

}  // namespace hearth::ingest
