// What is read of the folder, told in the folder itself: `.hearth-status.md`, for whoever drops files there and never
// sees the page or a terminal. Hidden, so that the scanner leaves it out; written and never read.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/result.h"
#include "ingest/pipeline.h"
#include "retrieval/types.h"

namespace hearth::daemon {

inline constexpr const char* kFolderStatusName = ".hearth-status.md";
/// Rows of the list of failed files; the rest is counted.
inline constexpr std::size_t kFolderStatusRows = 200;

/// The page without its time. Names, reasons and remedies are outside text: they cannot end their table cell.
/// `documents` may hold more than the failed ones.
std::string render_folder_status(const retrieval::CorpusCounts& counts, const ingest::PipelineCounters& pipeline,
                                 const std::vector<retrieval::DocumentStatus>& documents);

/// Keeps the file in one folder. Replaced whole or not at all, so after a crash it is the old one, which the next start
/// replaces. Used from one thread at a time.
class FolderStatusFile {
  public:
    using Clock = std::chrono::system_clock;

    /// With `enabled` false the file of an earlier start is taken away, if it is ours.
    FolderStatusFile(std::string folder, bool enabled);

    /// Writes when `page` is another than the last written. An error is the first of its kind since a write succeeded,
    /// so that a folder that nobody may write to is told once.
    Status update(const std::string& page, Clock::time_point now);

  private:
    std::string path_;
    bool enabled_;
    std::string written_;
    bool failed_ = false;
};

}  // namespace hearth::daemon
