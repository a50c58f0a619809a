#include "ingest/plan.h"

#include <algorithm>

namespace hearth::ingest {
namespace {

constexpr std::size_t kFewFiles = 10;

bool is_unchanged(const KnownFile& known, const ScannedFile& file) {
    if (known.size_bytes != file.stamp.size_bytes || known.modified_ns != file.stamp.modified_ns) return false;
    // Refused without being read (no permission, too large): that may have changed without the file changing.
    const bool never_read = known.failed && known.content_sha256.empty();
    return !never_read || !file.reason.empty();
}

bool is_beneath(const std::string& path, const std::string& folder) {
    return folder.empty() || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

}  // namespace

Difference compare(const KnownFiles& known, const ScanResult& scan) {
    Difference difference;
    auto old = known.begin();
    const auto vanish = [&](const std::string& path) {
        const bool unseen = std::any_of(scan.unreadable_folders.begin(), scan.unreadable_folders.end(),
                                        [&](const std::string& folder) { return is_beneath(path, folder); });
        if (!unseen) difference.vanished.push_back(path);
    };
    for (const ScannedFile& file : scan.files) {
        for (; old != known.end() && old->first < file.path; ++old) vanish(old->first);
        const bool recorded = old != known.end() && old->first == file.path;
        if (!recorded || !is_unchanged(old->second, file)) difference.changed.push_back(file);
        if (recorded) ++old;
    }
    for (; old != known.end(); ++old) vanish(old->first);
    return difference;
}

bool looks_like_lost_mount(std::size_t vanished, std::size_t known) noexcept {
    return vanished > kFewFiles && vanished * 2 > known;
}

bool SettleClock::settled(const ScannedFile& file, Steady now, std::int64_t wall_ns) {
    const std::int64_t age = wall_ns - file.stamp.changed_ns;
    const auto settle_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(settle_).count();
    if (age >= settle_ns) {
        waiting_.erase(file.path);
        return true;
    }
    auto [seen, is_new] = waiting_.try_emplace(file.path, Seen{file.stamp, now, true});
    if (!is_new && seen->second.stamp != file.stamp) seen->second = {file.stamp, now, true};
    seen->second.asked = true;
    if (now - seen->second.since < settle_) return false;
    // Kept, so that the next round does not start waiting anew while the file is still in the queue.
    return true;
}

void SettleClock::end_round() {
    std::erase_if(waiting_, [](const auto& entry) { return !entry.second.asked; });
    for (auto& [path, seen] : waiting_) seen.asked = false;
}

}  // namespace hearth::ingest
