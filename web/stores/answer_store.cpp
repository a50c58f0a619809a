#include "web/stores/answer_store.h"

#include "core/log.h"

namespace hearth::web {
namespace {

constexpr int kPutsPerCheckpoint = 64;  // the log holds that many entries at most

constexpr std::string_view kSchema =
    "PRAGMA secure_delete=ON;"
    "CREATE TABLE IF NOT EXISTS kept(kind TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, "
    "bytes INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS kept_by_age ON kept(created, bytes);"
    "CREATE TABLE IF NOT EXISTS files(id TEXT PRIMARY KEY, path TEXT NOT NULL, purpose TEXT NOT NULL, "
    "created INTEGER NOT NULL);";

// Every entry that is followed by more than the limits allow, newest first.
constexpr std::string_view kSweep =
    "DELETE FROM kept WHERE (kind, id) IN (SELECT kind, id FROM (SELECT kind, id, "
    "row_number() OVER (ORDER BY created DESC, id) AS place, "
    "sum(bytes) OVER (ORDER BY created DESC, id ROWS UNBOUNDED PRECEDING) AS total FROM kept) "
    "WHERE place > ?1 OR total > ?2)";

const char* kind_name(Kept kind) {
    return kind == Kept::kResponse ? "response" : "receipt";
}

}  // namespace

AnswerStore::AnswerStore(Database database, const StoreLimits& limits)
    : database_(std::move(database)), limits_(limits) {}

AnswerStore::~AnswerStore() {
    const Status emptied = database_.checkpoint();
    if (!emptied.ok()) HEARTH_LOG(kWarn, "web", "answers_not_checkpointed", {{"error", emptied.error().message}});
}

Result<std::unique_ptr<AnswerStore>> AnswerStore::open(const std::string& path, const StoreLimits& limits) {
    HEARTH_TRY(Database database, Database::open_writer(path));
    HEARTH_TRY_STATUS(database.execute(kSchema));
    return std::make_unique<AnswerStore>(std::move(database), limits);
}

Status AnswerStore::sweep(std::int64_t now) {
    HEARTH_TRY(Statement old, database_.prepare("DELETE FROM kept WHERE created < ?1"));
    HEARTH_TRY_STATUS(old.bind(1, now - std::chrono::seconds(limits_.age).count()).run());
    HEARTH_TRY(Statement sums, database_.prepare("SELECT count(*), coalesce(sum(bytes), 0) FROM kept"));
    HEARTH_TRY(const bool row, sums.step());
    if (!row || (sums.column_int(0) <= limits_.entries && sums.column_int(1) <= limits_.bytes)) return {};
    HEARTH_TRY(Statement over, database_.prepare(kSweep));
    return over.bind(1, limits_.entries).bind(2, limits_.bytes).run();
}

Status AnswerStore::put(Kept kind, const std::string& id, std::int64_t now, std::string_view body) {
    if (static_cast<std::int64_t>(body.size()) > limits_.entry_bytes) {
        return Error(ErrorCode::kResourceExhausted, "an answer of " + std::to_string(body.size()) +
                                                        " bytes is not kept; at most " +
                                                        std::to_string(limits_.entry_bytes) + " are possible");
    }
    const std::lock_guard lock(mutex_);
    {
        HEARTH_TRY(Transaction change, Transaction::begin(database_));
        HEARTH_TRY(Statement insert, database_.prepare("INSERT OR REPLACE INTO kept VALUES(?1, ?2, ?3, ?4, ?5)"));
        insert.bind(1, std::string_view(kind_name(kind))).bind(2, std::string_view(id)).bind(3, now);
        insert.bind(4, static_cast<std::int64_t>(body.size())).bind(5, body);
        HEARTH_TRY_STATUS(insert.run());
        HEARTH_TRY_STATUS(sweep(now));
        HEARTH_TRY_STATUS(change.commit());
    }
    if (++puts_ % kPutsPerCheckpoint == 0) return database_.checkpoint();
    return {};
}

Result<std::string> AnswerStore::get(Kept kind, const std::string& id, std::int64_t now) {
    const std::lock_guard lock(mutex_);
    HEARTH_TRY(Statement select,
               database_.prepare("SELECT body FROM kept WHERE kind = ?1 AND id = ?2 AND created >= ?3"));
    select.bind(1, std::string_view(kind_name(kind))).bind(2, std::string_view(id));
    select.bind(3, now - std::chrono::seconds(limits_.age).count());
    HEARTH_TRY(const bool row, select.step());
    if (row) return std::string(select.column_text(0));
    return Error(ErrorCode::kNotFound,
                 std::string("there is no ") + kind_name(kind) + " '" + id + "'; it may have been deleted or expired");
}

Result<bool> AnswerStore::remove(Kept kind, const std::string& id) {
    const std::lock_guard lock(mutex_);
    {
        HEARTH_TRY(Statement remove, database_.prepare("DELETE FROM kept WHERE kind = ?1 AND id = ?2"));
        HEARTH_TRY_STATUS(remove.bind(1, std::string_view(kind_name(kind))).bind(2, std::string_view(id)).run());
    }
    if (database_.changes() == 0) return false;
    HEARTH_TRY_STATUS(database_.checkpoint());
    return true;
}

Status AnswerStore::put_file(const KnownFile& file) {
    const std::lock_guard lock(mutex_);
    HEARTH_TRY(Statement insert, database_.prepare("INSERT OR REPLACE INTO files VALUES(?1, ?2, ?3, ?4)"));
    insert.bind(1, std::string_view(file.id)).bind(2, std::string_view(file.path));
    return insert.bind(3, std::string_view(file.purpose)).bind(4, file.created).run();
}

Status AnswerStore::forget_file(const std::string& id) {
    const std::lock_guard lock(mutex_);
    HEARTH_TRY(Statement remove, database_.prepare("DELETE FROM files WHERE id = ?1"));
    return remove.bind(1, std::string_view(id)).run();
}

Result<std::vector<KnownFile>> AnswerStore::files() {
    const std::lock_guard lock(mutex_);
    HEARTH_TRY(Statement select, database_.prepare("SELECT id, path, purpose, created FROM files"));
    std::vector<KnownFile> out;
    for (;;) {
        HEARTH_TRY(const bool row, select.step());
        if (!row) return out;
        out.push_back({std::string(select.column_text(0)), std::string(select.column_text(1)),
                       std::string(select.column_text(2)), select.column_int(3)});
    }
}

}  // namespace hearth::web
