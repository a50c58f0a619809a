// What the API keeps between requests: responses, receipts of answers, the ids of files. One small SQLite file.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"

namespace hearth::web {

enum class Kept { kResponse, kReceipt };

struct StoreLimits {
    std::int64_t entries = 20'000;  ///< over all kinds; the oldest go first
    std::int64_t bytes = 256 << 20;
    std::int64_t entry_bytes = 8 << 20;
    std::chrono::hours age{30 * 24};
};

struct KnownFile {
    std::string id;
    std::string path;  ///< relative to the inbox
    std::string purpose;
    std::int64_t created = 0;  ///< UNIX seconds
};

/// Thread-safe. Crash story: every change is one transaction with synchronous=FULL, so that after a kill an entry is
/// there whole or not at all, and one whose put() returned is there. remove() overwrites what it frees and empties the
/// write-ahead log before it returns: nothing of the entry is left in the files.
class AnswerStore {
  public:
    static Result<std::unique_ptr<AnswerStore>> open(const std::string& path, const StoreLimits& limits = {});
    /// `database` has the schema: use open().
    AnswerStore(Database database, const StoreLimits& limits);
    ~AnswerStore();

    /// Replaces an entry of the same id. Forgets what is too old or too much in the same transaction.
    /// kResourceExhausted for a body over StoreLimits::entry_bytes.
    Status put(Kept kind, const std::string& id, std::int64_t now, std::string_view body);
    /// kNotFound also for what has expired at `now`.
    Result<std::string> get(Kept kind, const std::string& id, std::int64_t now);
    /// False when there was none.
    Result<bool> remove(Kept kind, const std::string& id);

    /// Files keep the id they were uploaded under when they are moved to another collection.
    Status put_file(const KnownFile& file);
    Status forget_file(const std::string& id);
    Result<std::vector<KnownFile>> files();

  private:
    Status sweep(std::int64_t now);

    std::mutex mutex_;
    Database database_;
    const StoreLimits limits_;
    int puts_ = 0;
};

}  // namespace hearth::web
