#include "ingest/pipeline.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "core/file.h"
#include "core/log.h"
#include "ingest/file_worker.h"
#include "ingest/planner.h"
#include "ingest/watcher.h"
#include "ingest/work_list.h"

namespace hearth::ingest {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kEventDelay{20};  // lets a burst of events become one scan
constexpr milliseconds kLongestScanGap{2000};
constexpr int kScanShare = 10;  // at most a tenth of one core goes into scans caused by events

std::int64_t wall_nanoseconds() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// A change of the record that needs no reading. An empty `to` is a removal.
struct RecordChange {
    std::string from;
    std::string to;
};

FileContext file_context(const PipelineOptions& options, Sink& sink, const TokenCounter& tokens) {
    const ExtractorOptions extractor{options.extractor_path, options.extract_timeout, options.extract_memory_bytes,
                                     options.max_file_bytes};
    ChunkLimits chunks;
    chunks.target_tokens = options.chunk_tokens;
    chunks.max_tokens = tokens.max_chunk_tokens();
    chunks.overlap_tokens = options.chunk_overlap_tokens;
    return {options.folder, extractor, chunks, sink, tokens};
}

// Two threads. The scanner compares the folder with `known_` and replaces what is to be done; the worker does it, one
// thing at a time, and is the only one that writes to the sink and to `known_`. Only the lock's holder touches the
// rest.
class FolderPipeline final : public Pipeline {
  public:
    FolderPipeline(PipelineOptions options, Sink& sink, const TokenCounter& tokens, Watcher watcher, UniqueFd wake,
                   KnownFiles known, bool folder_was_missing)
        : options_(std::move(options)),
          sink_(sink),
          context_(file_context(options_, sink, tokens)),
          watcher_(std::move(watcher)),
          wake_(std::move(wake)),
          planner_(options_.settle, [this](const std::string& path) { return hash_for_rename(path); }),
          known_(std::move(known)) {
        if (folder_was_missing && !known_.empty()) planner_.suspect_root();
        scanner_ = std::jthread([this](std::stop_token stop) { scan_loop(stop); });
        worker_ = std::jthread([this](std::stop_token stop) { work_loop(stop); });
    }

    ~FolderPipeline() override {
        scanner_.request_stop();
        worker_.request_stop();
        {
            const std::lock_guard lock(mutex_);
            file_stop_.request_stop();
        }
        ::eventfd_write(wake_.get(), 1);
        work_changed_.notify_all();
    }

    void rescan() override {
        {
            const std::lock_guard lock(mutex_);
            scan_wanted_ = true;
        }
        ::eventfd_write(wake_.get(), 1);
    }

    void set_paused(bool paused) override {
        {
            const std::lock_guard lock(mutex_);
            paused_ = paused;
        }
        work_changed_.notify_all();
    }

    void confirm_deletes() override {
        {
            const std::lock_guard lock(mutex_);
            confirm_wanted_ = true;
        }
        rescan();
    }

    PipelineCounters counters() const override {
        const std::lock_guard lock(mutex_);
        PipelineCounters counters = counters_;
        counters.queued = static_cast<std::int64_t>(work_.size() + (current_ ? 1 : 0));
        counters.current_path = current_ ? current_->path : std::string();
        for (const std::string* problem : {&folder_problem_, &watch_problem_, &work_problem_}) {
            if (counters.problem.empty()) counters.problem = *problem;
        }
        return counters;
    }

    bool idle() const override {
        {
            const std::lock_guard lock(mutex_);
            if (!scanned_ || scanning_ || scan_wanted_ || waiting_ || work_.size() > 0 || !changes_.empty() || busy_)
                return false;
        }
        pollfd events{watcher_.fd(), POLLIN, 0};
        return ::poll(&events, 1, 0) == 0;
    }

  private:
    // ---- the scanner's thread

    void scan_loop(const std::stop_token& stop) {
        Clock::time_point next = Clock::now();
        Clock::time_point earliest = next;
        while (!stop.stop_requested()) {
            if (wait_for_event(next)) next = std::min(next, std::max(Clock::now() + kEventDelay, earliest));
            if (take_scan_request()) next = Clock::now();
            if (stop.stop_requested() || Clock::now() < next) continue;
            const auto started = Clock::now();
            const bool look_again = scan(stop);
            const auto ended = Clock::now();
            const auto gap = std::min<Clock::duration>((ended - started) * kScanShare, kLongestScanGap);
            earliest = ended + gap;
            next = ended + (look_again ? std::max<Clock::duration>(options_.settle, gap) : options_.rescan);
        }
    }

    /// True when something in the folder changed before `until`.
    bool wait_for_event(Clock::time_point until) {
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
        std::array<pollfd, 2> fds = {{{watcher_.fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
        if (fds[1].revents != 0) {
            eventfd_t ignored = 0;
            ::eventfd_read(wake_.get(), &ignored);
        }
        if (fds[0].revents == 0) return false;
        const std::lock_guard lock(mutex_);
        const Watcher::Events events = watcher_.drain();
        if (events.overflowed) ++counters_.inotify_overflows_total;
        const bool changed = events.changed || events.overflowed;
        waiting_ = waiting_ || changed;  // not idle until the scan that this asks for
        return changed;
    }

    bool take_scan_request() {
        const std::lock_guard lock(mutex_);
        if (confirm_wanted_) planner_.confirm_deletes();
        confirm_wanted_ = false;
        const bool wanted = std::exchange(scan_wanted_, false);
        scanning_ = scanning_ || wanted;
        return wanted;
    }

    /// True when something has to be looked at again after the settle time.
    bool scan(const std::stop_token& stop) {
        {
            const std::lock_guard lock(mutex_);
            scanning_ = true;
        }
        std::string watch_problem;
        const auto on_folder = [&](int fd, const std::string& path) {
            const Status watched = watcher_.watch(fd, path);
            if (!watched.ok() && watch_problem.empty()) watch_problem = watched.error().message;
        };
        const ScanOptions what{options_.folder, options_.include, options_.exclude, options_.max_file_bytes};
        auto result = scan_folder(what, on_folder, stop);
        if (stop.stop_requested()) return false;
        if (!result.ok()) return report_lost_folder(result.error());
        KnownFiles known;
        {
            const std::lock_guard lock(mutex_);
            known = known_;
        }
        stop_ = stop;
        const Round round = planner_.plan(*result, known, Clock::now(), wall_nanoseconds());
        if (stop.stop_requested()) return false;
        install(*result, round, std::move(watch_problem));
        return round.waiting;
    }

    bool report_lost_folder(const Error& error) {
        HEARTH_LOG(kWarn, "ingest", "folder_unreadable", {{"folder", options_.folder}, {"error", error.message}});
        const std::lock_guard lock(mutex_);
        folder_problem_ =
            "the watched folder cannot be read (" + error.message + "): nothing is removed until it is back";
        counters_.deletes_held = !known_.empty();
        scanned_ = true;
        scanning_ = false;
        waiting_ = false;
        return false;
    }

    std::string hash_for_rename(const std::string& path) {
        auto hash = hash_beneath(options_.folder, path, stop_);
        return hash.ok() ? std::move(hash).value() : std::string();
    }

    void install(const ScanResult& result, const Round& round, std::string watch_problem) {
        announce_queued(round.ready);
        std::vector<std::string> dropped;
        {
            const std::lock_guard lock(mutex_);
            if (current_) stop_outdated(result);
            std::vector<ScannedFile> files;
            for (const ScannedFile& file : round.ready) {
                if (is_news(file)) files.push_back(file);
            }
            const std::vector<std::string> before = work_.paths();
            work_.replace(files);
            for (const auto& path : before) {
                if (!work_.contains(path) && (!current_ || current_->path != path)) dropped.push_back(path);
            }
            changes_.clear();
            for (const auto& renaming : round.renames) changes_.push_back({renaming.from, renaming.to});
            for (const auto& path : round.removals) changes_.push_back({path, {}});
            counters_.deletes_held = round.deletes_held;
            folder_problem_.clear();
            watch_problem_ = std::move(watch_problem);
            waiting_ = round.waiting;
            scanned_ = true;
            scanning_ = false;
        }
        for (const auto& path : dropped) sink_.work_state(path, WorkState::kIdle);
        work_changed_.notify_all();
    }

    void announce_queued(const std::vector<ScannedFile>& files) {
        std::vector<std::string> fresh;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& file : files) {
                if (!work_.contains(file.path) && is_news(file)) fresh.push_back(file.path);
            }
        }
        for (const auto& path : fresh) sink_.work_state(path, WorkState::kQueued);
    }

    /// False for what the worker is reading right now, or finished after the plan was made.
    bool is_news(const ScannedFile& file) const {
        if (current_ && current_->path == file.path && current_->stamp == file.stamp) return false;
        const auto known = known_.find(file.path);
        if (known == known_.end()) return true;
        const bool same =
            known->second.size_bytes == file.stamp.size_bytes && known->second.modified_ns == file.stamp.modified_ns;
        const bool never_read = known->second.failed && known->second.content_sha256.empty();
        return !same || (never_read && file.reason.empty());
    }

    /// What is being read has changed or is gone: its work is lost anyway.
    void stop_outdated(const ScanResult& result) {
        const auto found =
            std::lower_bound(result.files.begin(), result.files.end(), current_->path,
                             [](const ScannedFile& file, const std::string& path) { return file.path < path; });
        const bool same =
            found != result.files.end() && found->path == current_->path && found->stamp == current_->stamp;
        if (!same) file_stop_.request_stop();
    }

    // ---- the worker's thread

    void work_loop(const std::stop_token& stop) {
        for (;;) {
            std::unique_lock lock(mutex_);
            // Under the lock: the destructor takes it between asking to stop and waking us.
            if (stop.stop_requested()) return;
            busy_ = false;
            if (!changes_.empty()) {
                const RecordChange change = std::move(changes_.front());
                changes_.pop_front();
                busy_ = true;
                lock.unlock();
                apply(change);
                continue;
            }
            const auto now = Clock::now();
            const bool may_read = !paused_ && now >= blocked_until_;
            auto file = may_read ? work_.take(now) : std::nullopt;
            if (file) {
                busy_ = true;
                current_ = *file;
                file_stop_ = std::stop_source();
                lock.unlock();
                read(*file);
                continue;
            }
            wait_for_work(lock);
        }
    }

    void wait_for_work(std::unique_lock<std::mutex>& lock) {
        const auto due = work_.next_due();
        if (paused_ || !due)
            work_changed_.wait(lock);
        else
            work_changed_.wait_until(lock, std::max(*due, blocked_until_));
    }

    void apply(const RecordChange& change) {
        const bool removal = change.to.empty();
        KnownFile known;
        {
            const std::lock_guard lock(mutex_);
            const auto found = known_.find(change.from);
            if (found == known_.end() || (!removal && known_.contains(change.to))) return;  // done already
            known = found->second;
        }
        const Status status = removal ? sink_.remove(change.from) : sink_.rename(change.from, change.to);
        if (!status.ok()) {
            HEARTH_LOG(kWarn, "ingest", removal ? "remove_failed" : "rename_failed",
                       {{"path", change.from}, {"error", status.error().message}});
            // The next scan asks for it again.
            const std::lock_guard lock(mutex_);
            work_problem_ = status.error().message;
            return;
        }
        const std::lock_guard lock(mutex_);
        known_.erase(change.from);
        if (!removal) {
            known.path = change.to;
            known_[change.to] = std::move(known);
        }
    }

    void read(const ScannedFile& file) {
        std::string recorded;
        std::stop_token stop;
        {
            const std::lock_guard lock(mutex_);
            const auto known = known_.find(file.path);
            if (known != known_.end()) recorded = known->second.content_sha256;
            stop = file_stop_.get_token();
        }
        sink_.work_state(file.path, WorkState::kProcessing);
        const FileOutcome outcome = process_file(context_, file, recorded, stop);
        if (outcome.outcome == Outcome::kRetry) {
            HEARTH_LOG(kWarn, "ingest", "file_retry", {{"path", file.path}, {"error", outcome.message}});
        }
        // Before the path can be queued again.
        sink_.work_state(file.path, outcome.outcome == Outcome::kRetry ? WorkState::kQueued : WorkState::kIdle);
        finish(file, outcome);
    }

    void finish(const ScannedFile& file, const FileOutcome& outcome) {
        const std::lock_guard lock(mutex_);
        current_.reset();
        switch (outcome.outcome) {
            case Outcome::kStored:
            case Outcome::kRejected:
                known_[file.path] = outcome.known;
                ++counters_.processed_total;
                counters_.failed_total += outcome.known.failed ? 1 : 0;
                counters_.bytes_total += file.stamp.size_bytes;
                break;
            case Outcome::kTouched: {
                const bool failed = known_[file.path].failed;
                known_[file.path] = outcome.known;
                known_[file.path].failed = failed;
                break;
            }
            case Outcome::kRetry:
                // What stands in the way of one file (a full disk) mostly stands in the way of all.
                blocked_until_ = work_.retry_later(file, Clock::now());
                work_problem_ = outcome.message;
                return;
            case Outcome::kChanged:
            case Outcome::kCancelled:
                scan_wanted_ = true;
                ::eventfd_write(wake_.get(), 1);
                return;
        }
        work_problem_.clear();
        work_.forget_attempts(file.path);
    }

    const PipelineOptions options_;
    Sink& sink_;
    const FileContext context_;
    Watcher watcher_;
    const UniqueFd wake_;
    Planner planner_;       ///< the scanner's thread only
    std::stop_token stop_;  ///< the scanner's thread only

    mutable std::mutex mutex_;
    std::condition_variable work_changed_;
    KnownFiles known_;
    WorkList work_;
    std::deque<RecordChange> changes_;
    std::optional<ScannedFile> current_;
    std::stop_source file_stop_;
    Clock::time_point blocked_until_{};
    PipelineCounters counters_;
    std::string folder_problem_;
    std::string watch_problem_;
    std::string work_problem_;
    bool paused_ = false;
    bool scan_wanted_ = false;
    bool confirm_wanted_ = false;
    bool scanned_ = false;
    bool scanning_ = false;
    bool waiting_ = false;
    bool busy_ = false;

    // Last: they stop before anything they use is gone.
    std::jthread worker_;
    std::jthread scanner_;
};

}  // namespace

Result<std::unique_ptr<Pipeline>> Pipeline::start(const PipelineOptions& options, Sink& sink,
                                                  const TokenCounter& tokens) {
    if (options.folder.empty() || options.folder.front() != '/') {
        return Error(ErrorCode::kInvalidArgument,
                     "the watched folder \"" + options.folder + "\" is not an absolute path");
    }
    const bool missing = !open_root(options.folder).ok();
    if (missing) HEARTH_TRY_STATUS(make_directories(options.folder));
    HEARTH_TRY(Watcher watcher, Watcher::create());
    UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.valid()) return errno_error("eventfd", "", errno);
    HEARTH_TRY(std::vector<KnownFile> files, sink.known_files());
    KnownFiles known;
    for (auto& file : files) {
        std::string path = file.path;
        known.emplace(std::move(path), std::move(file));
    }
    return std::unique_ptr<Pipeline>(std::make_unique<FolderPipeline>(options, sink, tokens, std::move(watcher),
                                                                      std::move(wake), std::move(known), missing));
}

}  // namespace hearth::ingest
