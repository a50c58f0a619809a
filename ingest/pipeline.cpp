#include "ingest/pipeline.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/file.h"
#include "core/log.h"
#include "ingest/file_name.h"
#include "ingest/file_worker.h"
#include "ingest/planner.h"
#include "ingest/watcher.h"
#include "ingest/work_board.h"

namespace hearth::ingest {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Names of the notes in the record: which folder it mirrors, and whether the files wait.
constexpr const char* kFolderNote = "folder";
constexpr const char* kPausedNote = "paused";

constexpr milliseconds kEventDelay{20};  // lets a burst of events become one scan
constexpr milliseconds kLongestScanGap{2000};
constexpr int kScanShare = 10;  // at most a tenth of one core goes into scans caused by events

std::int64_t wall_nanoseconds() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// A file that takes longer goes to the patient lane, so that this is what it can cost the others.
constexpr std::chrono::seconds kHurry{2};
/// Raised when a parser learns to read what it refused: files that failed under the old one are tried again.
constexpr int kReaderVersion = 2;

ExtractorOptions extractor_options(const PipelineOptions& options) {
    return {options.extractor_path, options.extract_timeout, options.extract_memory_bytes, options.max_file_bytes};
}

std::string read_with(const PipelineOptions& options, const MemoryLedger& ledger) {
    return "reader " + std::to_string(kReaderVersion) + ", " + std::to_string(options.extract_timeout.count()) +
           " s, " + std::to_string(options.extract_memory_bytes >> 20) + " MiB, files of " +
           std::to_string(options.max_file_bytes >> 20) + " MiB, budget " +
           std::to_string(ledger.budget_bytes() >> 20) + " MiB";
}

std::string print_identity(const RootIdentity& root) {
    return std::to_string(root.device) + ":" + std::to_string(root.inode);
}

std::optional<RootIdentity> parse_identity(const std::string& text) {
    RootIdentity root;
    const char* end = text.data() + text.size();
    const auto device = std::from_chars(text.data(), end, root.device);
    if (device.ec != std::errc() || device.ptr == end || *device.ptr != ':') return std::nullopt;
    const auto inode = std::from_chars(device.ptr + 1, end, root.inode);
    if (inode.ec != std::errc() || inode.ptr != end) return std::nullopt;
    return root;
}

// Three threads. The scanner compares the folder with what is known and puts what is to be done on the board; two lanes
// do it and are the only ones that change documents.
class FolderPipeline final : public Pipeline {
  public:
    FolderPipeline(PipelineOptions options, Sink& sink, const TokenCounter& tokens, MemoryLedger& ledger,
                   Watcher watcher, UniqueFd wake, KnownFiles known, std::string identity, bool paused)
        : sink_(sink),
          tokens_(tokens),
          ledger_(ledger),
          folder_(options.folder),
          watcher_(std::move(watcher)),
          wake_(std::move(wake)),
          planner_([this](const std::string& path) { return hash_for_rename(path); }),
          board_(std::move(known), [this] { want_scan(); }),
          options_(std::move(options)),
          identity_(std::move(identity)) {
        if (const auto root = parse_identity(identity_)) planner_.expect_root(*root);
        board_.set_paused(paused);
        scanner_ = std::jthread([this](std::stop_token stop) { scan_loop(stop); });
        for (const Lane lane : {Lane::kQuick, Lane::kPatient}) {
            lanes_.at(static_cast<std::size_t>(lane)) = std::jthread([this, lane] { work_loop(lane); });
        }
    }

    ~FolderPipeline() override {
        scanner_.request_stop();
        board_.close();
        ::eventfd_write(wake_.get(), 1);
    }

    void rescan() override { want_scan(); }

    void reconfigure(const PipelineOptions& options) override {
        {
            const std::lock_guard lock(mutex_);
            std::string program = std::move(options_.extractor_path);
            options_ = options;
            options_.extractor_path = std::move(program);
        }
        want_scan();
    }

    void confirm_deletes() override {
        {
            const std::lock_guard lock(mutex_);
            confirm_wanted_ = true;
        }
        want_scan();
    }

    Status set_paused(bool paused) override {
        HEARTH_TRY_STATUS(sink_.set_note(kPausedNote, paused ? "yes" : ""));
        board_.set_paused(paused);
        return {};
    }

    Result<std::size_t> reindex(const std::string& path_glob) override {
        std::size_t count = 0;
        for (const KnownFile& file : board_.matching(path_glob)) {
            const Status touched = sink_.touch(file.path, file.stamp, "");
            if (!touched.ok() && touched.error().code == ErrorCode::kNotFound) continue;  // removed meanwhile
            HEARTH_TRY_STATUS(touched);
            board_.forget_reading(file.path);
            ++count;
        }
        want_scan();
        return count;
    }

    PipelineCounters counters() const override {
        PipelineCounters counters;
        {
            const std::lock_guard lock(mutex_);
            counters = counters_;
            counters.problem = folder_problem_.empty() ? watch_problem_ : folder_problem_;
        }
        board_.describe(counters);
        return counters;
    }

    bool idle() const override {
        const bool nothing_to_do = board_.idle([this] {
            const std::lock_guard lock(mutex_);
            return scanned_ && !scanning_ && !scan_wanted_ && !settling_;
        });
        if (!nothing_to_do) return false;
        pollfd events{watcher_.fd(), POLLIN, 0};
        return ::poll(&events, 1, 0) == 0;
    }

  private:
    PipelineOptions options() const {
        const std::lock_guard lock(mutex_);
        return options_;
    }

    void want_scan() {
        {
            const std::lock_guard lock(mutex_);
            scan_wanted_ = true;
        }
        ::eventfd_write(wake_.get(), 1);
    }

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
            const PipelineOptions now = options();
            next = ended + (look_again ? std::max<Clock::duration>(now.settle, gap) : now.rescan);
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
        settling_ = settling_ || changed;  // not idle until the scan that this asks for
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
        const PipelineOptions now = options();
        const PlanSettings settings{now.settle, {now.include, now.exclude}, read_with(now, ledger_)};
        auto result = scan_folder({folder_, settings.filter, now.max_file_bytes}, on_folder, stop);
        if (stop.stop_requested()) return false;
        if (!result.ok()) return report_lost_folder(result.error());
        stop_ = stop;
        const Round round = planner_.plan(settings, *result, board_.known(), Clock::now(), wall_nanoseconds());
        if (stop.stop_requested()) return false;
        for (const auto& path : board_.fresh(round.ready, settings.read_with))
            sink_.work_state(path, WorkState::kQueued);
        for (const auto& path : board_.install(*result, round, settings.read_with))
            sink_.work_state(path, WorkState::kIdle);
        if (!round.deletes_held) remember_root(result->root);
        if (watch_problem.empty()) watch_problem = result->problem;
        report_scan(round, std::move(watch_problem));
        return round.waiting;
    }

    void remember_root(const RootIdentity& root) {
        const std::string identity = print_identity(root);
        if (identity == identity_) return;
        const Status kept = sink_.set_note(kFolderNote, identity);
        if (kept.ok()) identity_ = identity;  // else the next scan tries again
    }

    void report_scan(const Round& round, std::string watch_problem) {
        const std::lock_guard lock(mutex_);
        counters_.deletes_held = round.deletes_held;
        folder_problem_.clear();
        watch_problem_ = std::move(watch_problem);
        settling_ = round.settling;
        scanned_ = true;
        scanning_ = false;
    }

    bool report_lost_folder(const Error& error) {
        HEARTH_LOG(kWarn, "ingest", "folder_unreadable", {{"folder", folder_}, {"error", error.message}});
        const bool anything = !board_.known().empty();
        const std::lock_guard lock(mutex_);
        folder_problem_ =
            "the watched folder cannot be read (" + error.message + "): nothing is removed until it is back";
        counters_.deletes_held = anything;
        scanned_ = true;
        scanning_ = false;
        settling_ = false;
        return false;
    }

    std::string hash_for_rename(const std::string& path) {
        auto hash = hash_beneath(folder_, path, stop_);
        return hash.ok() ? std::move(hash).value() : std::string();
    }

    // ---- the lanes' threads

    void work_loop(Lane lane) {
        while (auto task = board_.next(lane)) {
            if (auto* change = std::get_if<RecordChange>(&*task))
                apply(lane, *change);
            else
                read(lane, std::get<ReadTask>(*task));
        }
    }

    void apply(Lane lane, const RecordChange& change) {
        KnownFile now = change.from;
        Status status;
        if (change.to) {
            now.path = change.to->path;
            now.stamp = change.to->stamp;
            const bool titled_by_name = now.title == file_stem(change.from.path);
            if (titled_by_name && now.title != file_stem(now.path)) now.read_with.clear();
            status = sink_.rename(change.from.path, now.path, now.stamp, now.read_with);
        } else {
            status = sink_.remove(change.from.path);
        }
        if (!status.ok()) {
            HEARTH_LOG(kWarn, "ingest", change.to ? "rename_failed" : "remove_failed",
                       {{"path", change.from.path}, {"error", status.error().message}});
        }
        board_.changed(lane, change, status, now);
    }

    FileContext file_context(Lane lane) const {
        const PipelineOptions now = options();
        ChunkLimits chunks;
        chunks.target_tokens = now.chunk_tokens;
        chunks.max_tokens = tokens_.max_chunk_tokens();
        chunks.overlap_tokens = now.chunk_overlap_tokens;
        const bool hurried = lane == Lane::kQuick;
        ExtractorOptions extractor = extractor_options(now);
        if (hurried) extractor.timeout = std::min(extractor.timeout, kHurry);
        return {folder_, extractor, chunks, read_with(now, ledger_), hurried, sink_, tokens_, ledger_};
    }

    void read(Lane lane, const ReadTask& task) {
        const std::string& path = task.file.path;
        sink_.work_state(path, WorkState::kProcessing);
        const FileOutcome outcome = process_file(file_context(lane), task.file, task.recorded, task.stop);
        const bool again = outcome.outcome == Outcome::kRetry || outcome.outcome == Outcome::kBlocked;
        if (again) HEARTH_LOG(kWarn, "ingest", "file_retry", {{"path", path}, {"error", outcome.message}});
        // Before the path can be queued again.
        const bool stays = again || outcome.outcome == Outcome::kTooLong;
        sink_.work_state(path, stays ? WorkState::kQueued : WorkState::kIdle);
        board_.finished(lane, task.file, outcome);
    }

    Sink& sink_;
    const TokenCounter& tokens_;
    MemoryLedger& ledger_;
    const std::string folder_;
    Watcher watcher_;
    const UniqueFd wake_;
    Planner planner_;       ///< the scanner's thread only
    std::stop_token stop_;  ///< the scanner's thread only
    WorkBoard board_;

    mutable std::mutex mutex_;  ///< taken after the board's
    PipelineOptions options_;
    PipelineCounters counters_;
    std::string folder_problem_;
    std::string watch_problem_;
    bool scan_wanted_ = false;
    bool confirm_wanted_ = false;
    bool scanned_ = false;
    bool scanning_ = false;
    bool settling_ = false;
    std::string identity_;  ///< of the folder, as the record has it; the scanner's thread only

    // Last: they stop before anything they use is gone.
    std::array<std::jthread, 2> lanes_;
    std::jthread scanner_;
};

}  // namespace

Result<std::unique_ptr<Pipeline>> Pipeline::start(const PipelineOptions& options, Sink& sink,
                                                  const TokenCounter& tokens, MemoryLedger& ledger) {
    if (options.folder.empty() || options.folder.front() != '/') {
        return Error(ErrorCode::kInvalidArgument,
                     "the watched folder \"" + options.folder + "\" is not an absolute path");
    }
    if (!open_root(options.folder).ok()) HEARTH_TRY_STATUS(make_directories(options.folder));
    HEARTH_TRY(Watcher watcher, Watcher::create());
    UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.valid()) return errno_error("eventfd", "", errno);
    HEARTH_TRY(std::vector<KnownFile> files, sink.known_files());
    HEARTH_TRY(std::string identity, sink.note(kFolderNote));
    HEARTH_TRY(const std::string paused, sink.note(kPausedNote));
    KnownFiles known;
    for (auto& file : files) {
        std::string path = file.path;
        known.emplace(std::move(path), std::move(file));
    }
    return std::unique_ptr<Pipeline>(std::make_unique<FolderPipeline>(options, sink, tokens, ledger, std::move(watcher),
                                                                      std::move(wake), std::move(known),
                                                                      std::move(identity), !paused.empty()));
}

}  // namespace hearth::ingest
