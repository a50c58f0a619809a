#include "ingest/work_board.h"

#include <algorithm>

#include "core/glob.h"

namespace hearth::ingest {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxDoublings = 5;  // 32 s: a full disk that gets room again is noticed within a minute

}  // namespace

void WorkBoard::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        for (Desk& desk : desks_) desk.stop.request_stop();
    }
    changed_.notify_all();
}

KnownFiles WorkBoard::known() const {
    const std::lock_guard lock(mutex_);
    return known_;
}

void WorkBoard::set_paused(bool paused) {
    {
        const std::lock_guard lock(mutex_);
        paused_ = paused;
    }
    changed_.notify_all();
}

std::vector<KnownFile> WorkBoard::matching(const std::string& path_glob) const {
    const std::lock_guard lock(mutex_);
    std::vector<KnownFile> files;
    for (const auto& [path, file] : known_) {
        if (glob_match(path_glob, path)) files.push_back(file);
    }
    return files;
}

void WorkBoard::forget_reading(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(path);
    if (known != known_.end()) known->second.read_with.clear();
}

bool WorkBoard::in_work(const std::string& path) const {
    return std::any_of(desks_.begin(), desks_.end(), [&](const Desk& desk) {
        return std::find(desk.paths.begin(), desk.paths.end(), path) != desk.paths.end();
    });
}

/// False for what a lane is reading right now, or finished after the plan was made.
bool WorkBoard::is_news(const ScannedFile& file, const std::string& read_with) const {
    for (const Desk& desk : desks_) {
        if (!desk.file || desk.file->path != file.path) continue;
        if (file.growing || desk.file->stamp == file.stamp) return false;
    }
    const auto known = known_.find(file.path);
    return known == known_.end() || !is_unchanged(known->second, file, read_with);
}

std::vector<std::string> WorkBoard::fresh(const std::vector<ScannedFile>& files, const std::string& read_with) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> paths;
    for (const auto& file : files) {
        if (!work_.contains(file.path) && is_news(file, read_with)) paths.push_back(file.path);
    }
    return paths;
}

/// What is being read has changed or is gone: its work is lost anyway.
void WorkBoard::stop_outdated(const ScanResult& scan) {
    for (Desk& desk : desks_) {
        if (!desk.file) continue;
        const ScannedFile& file = *desk.file;
        const auto found =
            std::lower_bound(scan.files.begin(), scan.files.end(), file.path,
                             [](const ScannedFile& a, const std::string& path) { return a.path < path; });
        const bool there = found != scan.files.end() && found->path == file.path;
        if (!there || (!file.growing && found->stamp != file.stamp)) desk.stop.request_stop();
    }
}

std::vector<std::string> WorkBoard::install(const ScanResult& scan, const Round& round, const std::string& read_with) {
    std::vector<std::string> dropped;
    {
        const std::lock_guard lock(mutex_);
        stop_outdated(scan);
        std::vector<ScannedFile> files;
        std::copy_if(round.ready.begin(), round.ready.end(), std::back_inserter(files),
                     [&](const ScannedFile& file) { return is_news(file, read_with); });
        const std::vector<std::string> before = work_.paths();
        work_.replace(files, [&](const std::string& path) { return in_work(path); });
        std::copy_if(before.begin(), before.end(), std::back_inserter(dropped),
                     [&](const std::string& path) { return !work_.contains(path) && !in_work(path); });
        changes_.clear();
        // What was done since the plan was made is not done again.
        const auto add = [&](const std::string& from, std::optional<ScannedFile> to) {
            const auto known = known_.find(from);
            const bool taken = to && known_.contains(to->path);
            if (known != known_.end() && !taken) changes_.push_back({known->second, std::move(to)});
        };
        for (const auto& renaming : round.renames) add(renaming.from, renaming.to);
        for (const auto& path : round.removals) add(path, std::nullopt);
    }
    changed_.notify_all();
    return dropped;
}

std::optional<Task> WorkBoard::next(Lane lane) {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (closed_) return std::nullopt;
        auto task = take_change(lane);
        if (!task) task = take_file(lane, Clock::now());
        if (task) return task;
        wait(lock, lane);
    }
}

std::optional<Task> WorkBoard::take_change(Lane lane) {
    const auto free = std::find_if(changes_.begin(), changes_.end(), [&](const RecordChange& change) {
        return !in_work(change.from.path) && !(change.to && in_work(change.to->path));
    });
    if (free == changes_.end()) return std::nullopt;
    RecordChange change = std::move(*free);
    changes_.erase(free);
    Desk& own = desk(lane);
    own.busy = true;
    own.paths = {change.from.path};
    if (change.to) own.paths.push_back(change.to->path);
    return Task(std::move(change));
}

std::optional<Task> WorkBoard::take_file(Lane lane, Time now) {
    if (paused_ || now < blocked_until_) return std::nullopt;
    auto file = work_.take(lane, now, [&](const std::string& path) { return in_work(path); });
    if (!file) return std::nullopt;
    Desk& own = desk(lane);
    own.busy = true;
    own.paths = {file->path};
    own.file = *file;
    own.stop = std::stop_source();
    ReadTask task{std::move(*file), std::nullopt, own.stop.get_token()};
    const auto known = known_.find(task.file.path);
    if (known != known_.end()) task.recorded = known->second;
    return Task(std::move(task));
}

void WorkBoard::wait(std::unique_lock<std::mutex>& lock, Lane lane) {
    const auto due = work_.next_due(lane);
    const auto now = Clock::now();
    const auto until = due ? std::max(*due, blocked_until_) : Time::min();
    if (until > now && !paused_)
        changed_.wait_until(lock, until);
    else
        changed_.wait(lock);  // what is due now is in the other lane's hands, which notifies
}

void WorkBoard::leave(Lane lane) {
    Desk& own = desk(lane);
    own.busy = false;
    own.paths.clear();
    own.file.reset();
    changed_.notify_all();
}

void WorkBoard::block(const std::string& why, Time now) {
    problem_ = why;
    blocked_until_ = now + std::chrono::seconds(1ll << std::min(blocks_, kMaxDoublings));
    ++blocks_;
}

void WorkBoard::changed(Lane lane, const RecordChange& change, const Status& status, const KnownFile& now) {
    const std::lock_guard lock(mutex_);
    leave(lane);
    if (!status.ok()) {
        problem_ = status.error().message;  // the next scan asks for it again
        return;
    }
    if (blocks_ == 0) problem_.clear();
    known_.erase(change.from.path);
    if (change.to) known_[change.to->path] = now;
    // A document titled by its name reads differently now.
    if (change.to && now.read_with.empty()) want_scan_();
}

void WorkBoard::finished(Lane lane, const ScannedFile& file, const FileOutcome& outcome) {
    const std::lock_guard lock(mutex_);
    // Committed although its file has gone or changed: the record is behind the folder.
    const bool outdated = desk(lane).stop.stop_requested();
    leave(lane);
    switch (outcome.outcome) {
        case Outcome::kStored:
        case Outcome::kRejected:
            ++figures_.processed_total;
            figures_.failed_total += outcome.known.failed ? 1 : 0;
            figures_.bytes_total += outcome.known.stamp.size_bytes;
            [[fallthrough]];
        case Outcome::kTouched:
            known_[file.path] = outcome.known;
            work_.forget_attempts(file.path);
            problem_.clear();
            blocks_ = 0;
            if (outdated) want_scan_();
            return;
        case Outcome::kTooLong:
            work_.mark_slow(file);
            work_.put_back(file);
            return;
        case Outcome::kRetry:
            work_.delay(file, outcome.message, Clock::now());
            work_.put_back(file);
            return;
        case Outcome::kBlocked:
            block(outcome.message, Clock::now());
            work_.put_back(file);
            return;
        case Outcome::kChanged:
            // Whoever looks changed but scans the same would otherwise be read round and round.
            work_.delay(file, {}, Clock::now());
            want_scan_();
            return;
        case Outcome::kCancelled:
            want_scan_();
            return;
    }
}

void WorkBoard::describe(PipelineCounters& counters) const {
    const std::lock_guard lock(mutex_);
    counters.processed_total = figures_.processed_total;
    counters.failed_total = figures_.failed_total;
    counters.bytes_total = figures_.bytes_total;
    counters.paused = paused_;
    counters.queued = static_cast<std::int64_t>(work_.size());
    for (const Desk& desk : desks_) {
        if (!desk.file) continue;
        ++counters.queued;
        if (counters.current_path.empty()) counters.current_path = desk.file->path;
    }
    if (counters.problem.empty()) counters.problem = problem_;
    if (counters.problem.empty()) counters.problem = work_.problem();
}

bool WorkBoard::idle(const std::function<bool()>& also) const {
    const std::lock_guard lock(mutex_);
    const bool busy = std::any_of(desks_.begin(), desks_.end(), [](const Desk& desk) { return desk.busy; });
    return !busy && changes_.empty() && work_.size() == 0 && also();
}

}  // namespace hearth::ingest
