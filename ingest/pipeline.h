// PUBLIC. Keeps the record equal to the watched folder: inotify as the hint, a periodic rescan as the authority.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/memory_ledger.h"
#include "core/result.h"
#include "ingest/sink.h"

namespace hearth::ingest {

struct PipelineOptions {
    std::string folder;                         ///< the watched root, absolute
    std::string extractor_path;                 ///< the hearth-extract program
    std::vector<std::string> include = {"**"};  ///< globs on the relative path; ** crosses folders
    std::vector<std::string> exclude = {};      ///< hidden files, editor backups and *.part are always left out
    std::int64_t max_file_bytes = 200ll << 20;
    std::chrono::milliseconds settle{700};  ///< a file is read once its size and mtime stood still this long
    std::chrono::seconds rescan{60};
    std::chrono::seconds extract_timeout{120};  ///< wall time per file, then the worker is killed
    std::int64_t extract_memory_bytes = 1ll << 30;
    int chunk_tokens = 200;  ///< target; never over TokenCounter::max_chunk_tokens
    int chunk_overlap_tokens = 32;
};

struct PipelineCounters {
    std::int64_t queued = 0;
    std::int64_t processed_total = 0;
    std::int64_t failed_total = 0;
    std::int64_t bytes_total = 0;
    std::int64_t inotify_overflows_total = 0;
    std::string current_path;  ///< empty when idle
    bool paused = false;
    bool deletes_held = false;  ///< more than a fifth of the files vanished at once: waiting for confirmation or return
    std::string problem;        ///< folder missing, disk full, a file that is tried again; empty when fine
};

/// Owns its threads. Destruction stops within one file's grace: a running worker is killed, its file stays queued
/// for the next start.
class Pipeline {
  public:
    /// Creates the folder when it is missing, starts watching, scans once. What it is given must outlive it.
    static Result<std::unique_ptr<Pipeline>> start(const PipelineOptions& options, Sink& sink,
                                                   const TokenCounter& tokens, MemoryLedger& ledger);
    virtual ~Pipeline() = default;
    /// Scan now instead of at the next interval. Returns at once.
    virtual void rescan() = 0;
    /// Everything but the folder and the program: the next scan, which starts at once, and the next file use it.
    /// Documents that the globs no longer select leave the record, files that failed under other limits are tried
    /// again.
    virtual void reconfigure(const PipelineOptions& options) = 0;
    /// Lets deletions that were held because too many files vanished at once go through.
    virtual void confirm_deletes() = 0;
    /// Files wait, until the folder is resumed, in this process or a later one; what is in work is finished, renames
    /// and deletions go on. The error is the record's.
    virtual Status set_paused(bool paused) = 0;
    /// Recorded files whose path matches the glob are read, parsed and embedded again, changed or not; a restart in
    /// between does not forget it. Returns how many.
    virtual Result<std::size_t> reindex(const std::string& path_glob) = 0;
    virtual PipelineCounters counters() const = 0;
    /// True when a full scan has finished since start and nothing is queued or in work.
    virtual bool idle() const = 0;
};

}  // namespace hearth::ingest
