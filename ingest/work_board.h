// What is known, what is to be done, and who is at it: the one state that the scanner and the lanes share. Thread-safe.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "ingest/file_worker.h"
#include "ingest/pipeline.h"
#include "ingest/planner.h"
#include "ingest/work_list.h"

namespace hearth::ingest {

/// A change of the record that needs no reading. Without `to` it is a removal.
struct RecordChange {
    KnownFile from;
    std::optional<ScannedFile> to;
};

struct ReadTask {
    ScannedFile file;
    std::optional<KnownFile> recorded;
    std::stop_token stop;
};

using Task = std::variant<RecordChange, ReadTask>;

class WorkBoard {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// `want_scan` is called under the lock and must not call back.
    WorkBoard(KnownFiles known, std::function<void()> want_scan)
        : want_scan_(std::move(want_scan)), known_(std::move(known)) {}

    /// next() returns nothing from now on, and files in work are told to stop.
    void close();

    // The scanner's side.
    KnownFiles known() const;
    /// Those of `files` that install() would add: to be announced before, or a finished one would be announced last.
    std::vector<std::string> fresh(const std::vector<ScannedFile>& files, const std::string& read_with) const;
    /// Replaces what is to be done. Returns the paths that nobody will read any more.
    std::vector<std::string> install(const ScanResult& scan, const Round& round, const std::string& read_with);

    /// While paused, next() gives only record changes.
    void set_paused(bool paused);
    std::vector<KnownFile> matching(const std::string& path_glob) const;
    /// The next scan finds the file changed.
    void forget_reading(const std::string& path);

    // The lanes' side.
    /// Blocks until the lane has something to do; empty when closed. The lane must hand it back with one of the next.
    std::optional<Task> next(Lane lane);
    void changed(Lane lane, const RecordChange& change, const Status& status, const KnownFile& now);
    void finished(Lane lane, const ScannedFile& file, const FileOutcome& outcome);

    /// Adds what the board knows: figures, the path in work, and its problem where `counters` has none.
    void describe(PipelineCounters& counters) const;
    /// True when nothing is to be done and `also`, called under the lock, agrees.
    bool idle(const std::function<bool()>& also) const;

  private:
    struct Desk {
        bool busy = false;
        std::vector<std::string> paths;  ///< in work: no other lane touches them
        std::optional<ScannedFile> file;
        std::stop_source stop;
    };
    Desk& desk(Lane lane) { return desks_.at(static_cast<std::size_t>(lane)); }
    bool in_work(const std::string& path) const;
    bool is_news(const ScannedFile& file, const std::string& read_with) const;
    void stop_outdated(const ScanResult& scan);
    std::optional<Task> take_change(Lane lane);
    std::optional<Task> take_file(Lane lane, Time now);
    void wait(std::unique_lock<std::mutex>& lock, Lane lane);
    void leave(Lane lane);
    void block(const std::string& why, Time now);

    const std::function<void()> want_scan_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    KnownFiles known_;
    WorkList work_;
    std::deque<RecordChange> changes_;
    std::array<Desk, 2> desks_;
    bool closed_ = false;
    bool paused_ = false;
    int blocks_ = 0;  ///< in a row
    Time blocked_until_{};
    std::string problem_;  ///< stands in the way of every file
    PipelineCounters figures_;
};

}  // namespace hearth::ingest
