#include "ingest/plan.h"

#include <algorithm>

namespace hearth::ingest {
namespace {

constexpr std::size_t kFewFiles = 10;

bool is_beneath(const std::string& path, const std::string& folder) {
    return folder.empty() || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

bool is_unchanged(const KnownFile& known, const ScannedFile& file, const std::string& read_with) {
    if (known.stamp != file.stamp || known.read_with.empty()) return false;
    if (!known.failed) return true;
    // Refused without being read (no permission, too large): that may have changed without the file changing.
    const bool may_be_readable = known.content_sha256.empty() && file.reason.empty();
    return known.read_with == read_with && !may_be_readable;
}

Difference compare(const KnownFiles& known, const ScanResult& scan, const PathFilter& filter,
                   const std::string& read_with) {
    Difference difference;
    auto old = known.begin();
    const auto miss = [&](const std::string& path) {
        const bool unseen = std::any_of(scan.unreadable_folders.begin(), scan.unreadable_folders.end(),
                                        [&](const std::string& folder) { return is_beneath(path, folder); });
        if (!filter.selects(path) || scan.ignored.ignores(path))
            difference.deselected.push_back(path);
        else if (!unseen)
            difference.vanished.push_back(path);
    };
    for (const ScannedFile& file : scan.files) {
        for (; old != known.end() && old->first < file.path; ++old) miss(old->first);
        const bool recorded = old != known.end() && old->first == file.path;
        if (!recorded || !is_unchanged(old->second, file, read_with)) difference.changed.push_back(file);
        if (recorded) ++old;
    }
    for (; old != known.end(); ++old) miss(old->first);
    return difference;
}

bool looks_like_lost_mount(std::size_t vanished, std::size_t known) noexcept {
    return vanished > kFewFiles && vanished * 5 > known;
}

Settled SettleClock::look(const ScannedFile& file, const FileStamp& recorded, std::chrono::milliseconds settle,
                          Steady now, std::int64_t wall_ns) {
    const std::int64_t age = wall_ns - file.stamp.changed_ns;
    if (age >= std::chrono::nanoseconds(settle).count()) {
        waiting_.erase(file.path);
        return Settled::kYes;
    }
    Seen& seen = waiting_.try_emplace(file.path, Seen{file.stamp, recorded, now, now, false, true}).first->second;
    seen.asked = true;
    if (seen.recorded != recorded) seen = {file.stamp, recorded, now, now, seen.grew, true};
    if (seen.stamp != file.stamp) {
        seen.stamp = file.stamp;
        seen.since = now;
    }
    // Kept, so that the next round does not start waiting anew while the file is still in the queue.
    if (now - seen.since >= settle) return Settled::kYes;
    if (now - seen.first < kLongestSettle) return seen.grew ? Settled::kBetween : Settled::kNo;
    seen.grew = true;
    return Settled::kGrowing;
}

void SettleClock::end_round() {
    std::erase_if(waiting_, [](const auto& entry) { return !entry.second.asked; });
    for (auto& [path, seen] : waiting_) seen.asked = false;
}

}  // namespace hearth::ingest
