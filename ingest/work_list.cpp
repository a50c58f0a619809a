#include "ingest/work_list.h"

#include <algorithm>

namespace hearth::ingest {
namespace {

constexpr int kMaxDoublings = 5;  // 32 s: a full disk that gets room again is noticed within a minute

}  // namespace

void WorkList::replace(const std::vector<ScannedFile>& files) {
    entries_.clear();
    by_size_.clear();
    for (const ScannedFile& file : files) {
        entries_.emplace(file.path, file);
        by_size_.emplace(file.stamp.size_bytes, file.path);
    }
    std::erase_if(attempts_, [&](const auto& attempt) {
        const auto entry = entries_.find(attempt.first);
        return entry == entries_.end() || entry->second.stamp != attempt.second.stamp;
    });
}

std::vector<std::string> WorkList::paths() const {
    std::vector<std::string> paths;
    for (const auto& [path, file] : entries_) paths.push_back(path);
    return paths;
}

WorkList::Time WorkList::due(const std::string& path) const {
    const auto attempt = attempts_.find(path);
    return attempt == attempts_.end() ? Time::min() : attempt->second.not_before;
}

std::optional<ScannedFile> WorkList::take(Time now) {
    for (auto place = by_size_.begin(); place != by_size_.end(); ++place) {
        if (due(place->second) > now) continue;
        auto entry = entries_.extract(place->second);
        by_size_.erase(place);
        return std::move(entry.mapped());
    }
    return std::nullopt;
}

std::optional<WorkList::Time> WorkList::next_due() const {
    std::optional<Time> earliest;
    for (const auto& [path, file] : entries_) {
        const Time time = due(path);
        if (!earliest || time < *earliest) earliest = time;
        if (time == Time::min()) break;
    }
    return earliest;
}

WorkList::Time WorkList::retry_later(const ScannedFile& file, Time now) {
    Attempts& attempts = attempts_[file.path];
    if (attempts.stamp != file.stamp) attempts = {file.stamp, 0, now};
    attempts.not_before = now + std::chrono::seconds(1ll << std::min(attempts.count, kMaxDoublings));
    ++attempts.count;
    entries_.insert_or_assign(file.path, file);
    by_size_.emplace(file.stamp.size_bytes, file.path);
    return attempts.not_before;
}

}  // namespace hearth::ingest
