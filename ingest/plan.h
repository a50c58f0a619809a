// What the difference between the folder and the record asks for. Pure: no files, no clocks of its own.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "ingest/scanner.h"
#include "ingest/sink.h"

namespace hearth::ingest {

using KnownFiles = std::map<std::string, KnownFile>;

struct Difference {
    std::vector<ScannedFile> changed;   ///< new, or another size or mtime than recorded
    std::vector<std::string> vanished;  ///< recorded, and not in a folder that could not be read
};

Difference compare(const KnownFiles& known, const ScanResult& scan);

/// More than half of at least a dozen files gone at once is more likely a lost mount than a wish.
bool looks_like_lost_mount(std::size_t vanished, std::size_t known) noexcept;

/// A file is complete when it has not changed for `settle`. ctime tells it at once for files that came long ago; where
/// the file's clock cannot be trusted (network, clock set back), watching the stamp stand still does.
class SettleClock {
  public:
    using Steady = std::chrono::steady_clock::time_point;

    explicit SettleClock(std::chrono::milliseconds settle) : settle_(settle) {}
    /// `wall_ns` is the real-time clock now. Remembers files that are not settled yet.
    bool settled(const ScannedFile& file, Steady now, std::int64_t wall_ns);
    /// Forgets all files that were not asked about since the last call.
    void end_round();

  private:
    struct Seen {
        FileStamp stamp;
        Steady since;
        bool asked = true;
    };
    std::chrono::milliseconds settle_;
    std::map<std::string, Seen> waiting_;
};

}  // namespace hearth::ingest
