// Who changed what and when: one JSON line for each request that changes something, in two files of bounded size.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/result.h"
#include "web/http.h"
#include "web/router.h"

namespace hearth::web {

/// True for what the log is about: a route that needs more than to read, and that is not a mere question.
bool is_audited(const Route& route) noexcept;

/// Empty for an empty home: then nothing is kept.
std::string audit_path(const std::string& home);

/// Thread-safe. The file is audit.jsonl; when it is full it takes the place of audit.jsonl.1, which is lost.
/// A line is on the disk (fdatasync) when record() returns. A line torn by a power cut is skipped by readers, and the
/// next one begins behind it.
class AuditLog {
  public:
    static constexpr std::size_t kMaxFileBytes = 4u << 20;  ///< of each of the two
    static constexpr std::size_t kMaxPathBytes = 1024;      ///< longer ones are cut

    explicit AuditLog(const std::string& home, std::size_t max_file_bytes = kMaxFileBytes)
        : path_(audit_path(home)), max_file_bytes_(max_file_bytes) {}

    /// Blocks on the disk. `now` is in UNIX seconds.
    Status record(const Route& route, const Request& request, int status, std::int64_t now);
    /// The newest first, `most` of them at most.
    Result<std::vector<nlohmann::json>> recent(std::size_t most) const;

  private:
    Status append_locked(const std::string& line);

    const std::string path_;
    const std::size_t max_file_bytes_;
    mutable std::mutex mutex_;
};

}  // namespace hearth::web
