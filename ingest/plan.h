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

/// True when nothing says that `file` should be read: the same stamp, and for a failure the same reader and limits.
bool is_unchanged(const KnownFile& known, const ScannedFile& file, const std::string& read_with);

struct Difference {
    std::vector<ScannedFile> changed;
    std::vector<std::string> vanished;    ///< recorded, and not in a folder that could not be read
    std::vector<std::string> deselected;  ///< recorded, and no longer wanted by the globs or a .hearthignore
};

Difference compare(const KnownFiles& known, const ScanResult& scan, const PathFilter& filter,
                   const std::string& read_with);

/// More than a fifth of the files and more than ten gone at once is more likely a lost mount than a wish.
bool looks_like_lost_mount(std::size_t vanished, std::size_t known) noexcept;

enum class Settled {
    kNo,
    kYes,
    kGrowing,  ///< has not stood still for kLongestSettle: is to be read as it is
    kBetween,  ///< was read as it grew, and its next turn has not come
};

/// A file is complete when it has not changed for the settle time. ctime tells it at once for files that came long
/// ago; where the file's clock cannot be trusted (network, clock set back), watching the stamp stand still does.
class SettleClock {
  public:
    using Steady = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kLongestSettle{30};

    /// `wall_ns` is the real-time clock now, `recorded` what the record has of the file. Remembers files that are not
    /// settled yet.
    Settled look(const ScannedFile& file, const FileStamp& recorded, std::chrono::milliseconds settle, Steady now,
                 std::int64_t wall_ns);
    /// Forgets all files that were not asked about since the last call.
    void end_round();

  private:
    struct Seen {
        FileStamp stamp;
        FileStamp recorded;
        Steady since;  ///< when the stamp last changed
        Steady first;  ///< when the record last took the file over, or the file was first seen to move
        bool grew = false;
        bool asked = true;
    };
    std::map<std::string, Seen> waiting_;
};

}  // namespace hearth::ingest
