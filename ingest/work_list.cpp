#include "ingest/work_list.h"

#include <algorithm>

namespace hearth::ingest {
namespace {

constexpr int kMaxDoublings = 5;  // 32 s: a full disk that gets room again is noticed within a minute

}  // namespace

void WorkList::replace(const std::vector<ScannedFile>& files, const std::function<bool(const std::string&)>& in_work) {
    entries_.clear();
    by_size_.clear();
    for (const ScannedFile& file : files) {
        entries_.emplace(file.path, file);
        by_size_.emplace(file.stamp.size_bytes, file.path);
    }
    std::erase_if(attempts_, [&](const auto& attempt) {
        const auto entry = entries_.find(attempt.first);
        const bool same =
            entry != entries_.end() && (entry->second.stamp == attempt.second.stamp || entry->second.growing);
        return !same && !in_work(attempt.first);
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

Lane WorkList::lane_of(const ScannedFile& file) const {
    const auto attempt = attempts_.find(file.path);
    const bool slow = attempt != attempts_.end() && attempt->second.slow;
    const bool large = file.stamp.size_bytes > kQuickBytes && file.reason.empty();
    return slow || large ? Lane::kPatient : Lane::kQuick;
}

std::optional<ScannedFile> WorkList::take(Lane lane, Time now, const std::function<bool(const std::string&)>& blocked) {
    for (auto place = by_size_.begin(); place != by_size_.end(); ++place) {
        const std::string& path = place->second;
        if (due(path) > now || lane_of(entries_.at(path)) != lane || blocked(path)) continue;
        auto entry = entries_.extract(path);
        by_size_.erase(place);
        return std::move(entry.mapped());
    }
    return std::nullopt;
}

std::optional<WorkList::Time> WorkList::next_due(Lane lane) const {
    std::optional<Time> earliest;
    for (const auto& [path, file] : entries_) {
        if (lane_of(file) != lane) continue;
        const Time time = due(path);
        if (!earliest || time < *earliest) earliest = time;
        if (time == Time::min()) break;
    }
    return earliest;
}

void WorkList::put_back(const ScannedFile& file) {
    entries_.insert_or_assign(file.path, file);
    by_size_.emplace(file.stamp.size_bytes, file.path);
}

WorkList::Attempts& WorkList::attempts_of(const ScannedFile& file) {
    Attempts& attempts = attempts_[file.path];
    if (attempts.stamp != file.stamp) attempts = {file.stamp, 0, Time::min(), false, {}};
    return attempts;
}

void WorkList::delay(const ScannedFile& file, const std::string& why, Time now) {
    Attempts& attempts = attempts_of(file);
    attempts.not_before = now + std::chrono::seconds(1ll << std::min(attempts.count, kMaxDoublings));
    ++attempts.count;
    attempts.why = why;
}

void WorkList::mark_slow(const ScannedFile& file) {
    attempts_of(file).slow = true;
}

std::string WorkList::problem() const {
    for (const auto& [path, attempts] : attempts_) {
        if (!attempts.why.empty()) return path + ": " + attempts.why;
    }
    return {};
}

}  // namespace hearth::ingest
