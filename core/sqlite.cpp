#include "core/sqlite.h"

#include <sqlite3.h>

#include <filesystem>
#include <mutex>
#include <set>

namespace hearth {
namespace {

constexpr int kBusyTimeoutMs = 5000;

class WriterRegistry {
  public:
    bool claim(const std::string& path) {
        const std::lock_guard lock(mutex_);
        return paths_.insert(path).second;
    }
    void release(const std::string& path) {
        const std::lock_guard lock(mutex_);
        paths_.erase(path);
    }

  private:
    std::mutex mutex_;
    std::set<std::string> paths_;
};

/// Process-wide because the rule is: SQLite's own locks are per process too.
WriterRegistry& writers() {
    static WriterRegistry registry;
    return registry;
}

ErrorCode code_of(int code) noexcept {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorCode::kUnavailable;
        case SQLITE_FULL:
        case SQLITE_NOMEM:
        case SQLITE_TOOBIG:
            return ErrorCode::kResourceExhausted;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::kDataLoss;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return ErrorCode::kPermissionDenied;
        case SQLITE_CONSTRAINT:
            return ErrorCode::kAlreadyExists;
        case SQLITE_INTERRUPT:
            return ErrorCode::kCancelled;
        default:
            return ErrorCode::kInternal;
    }
}

Error sqlite_error(sqlite3* database, std::string_view doing) {
    const int code = database != nullptr ? sqlite3_extended_errcode(database) : SQLITE_NOMEM;
    std::string message(doing);
    message += ": ";
    message += database != nullptr ? sqlite3_errmsg(database) : "out of memory";
    return Error(code_of(code), std::move(message));
}

Result<sqlite3*> open_connection(const std::string& path, int flags) {
    sqlite3* database = nullptr;
    if (sqlite3_open_v2(path.c_str(), &database, flags, nullptr) != SQLITE_OK) {
        Error error = sqlite_error(database, "open " + path);
        sqlite3_close_v2(database);
        return error;
    }
    sqlite3_busy_timeout(database, kBusyTimeoutMs);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return database;
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(database_, other.database_);
    std::swap(statement_, other.statement_);
    return *this;
}

Statement::~Statement() {
    sqlite3_finalize(statement_);
}

Statement& Statement::bind(int index, std::int64_t value) {
    HEARTH_CHECK(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int index, double value) {
    HEARTH_CHECK(sqlite3_bind_double(statement_, index, value) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
    const char* data = text.data() != nullptr ? text.data() : "";
    HEARTH_CHECK(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int index, std::span<const std::byte> blob) {
    const void* data = blob.data() != nullptr ? static_cast<const void*>(blob.data()) : "";
    HEARTH_CHECK(sqlite3_bind_blob64(statement_, index, data, blob.size(), SQLITE_TRANSIENT) == SQLITE_OK);
    return *this;
}

Statement& Statement::bind_null(int index) {
    HEARTH_CHECK(sqlite3_bind_null(statement_, index) == SQLITE_OK);
    return *this;
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return sqlite_error(database_, "step");
}

Status Statement::run() {
    for (;;) {
        auto row = step();
        if (!row.ok()) {
            reset();
            return std::move(row).error();
        }
        if (!*row) break;
    }
    reset();
    return {};
}

void Statement::reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

std::int64_t Statement::column_int(int index) const {
    return sqlite3_column_int64(statement_, index);
}

double Statement::column_double(int index) const {
    return sqlite3_column_double(statement_, index);
}

std::string_view Statement::column_text(int index) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, index));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, index))};
}

std::span<const std::byte> Statement::column_blob(int index) const {
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, index));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, index))};
}

bool Statement::column_is_null(int index) const {
    return sqlite3_column_type(statement_, index) == SQLITE_NULL;
}

Result<Database> Database::open_writer(const std::string& path) {
    const std::string key = std::filesystem::absolute(path).lexically_normal().string();
    if (!writers().claim(key)) {
        return Error(ErrorCode::kAlreadyExists, "this process already holds the writer of " + path);
    }
    auto connection = open_connection(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX);
    if (!connection.ok()) {
        writers().release(key);
        return std::move(connection).error();
    }
    Database database(*connection, key);
    HEARTH_TRY_STATUS(database.execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=0;"
        "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768;"));
    return database;
}

Result<Database> Database::open_reader(const std::string& path) {
    HEARTH_TRY(sqlite3 * connection, open_connection(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX));
    Database database(connection, {});
    HEARTH_TRY_STATUS(database.execute("PRAGMA query_only=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-16384;"));
    return database;
}

Result<Database> Database::open_memory() {
    HEARTH_TRY(sqlite3 * connection,
               open_connection(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX));
    Database database(connection, {});
    HEARTH_TRY_STATUS(database.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;"));
    return database;
}

Database::Database(Database&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), writer_path_(std::exchange(other.writer_path_, {})) {}

Database& Database::operator=(Database&& other) noexcept {
    std::swap(database_, other.database_);
    std::swap(writer_path_, other.writer_path_);
    return *this;
}

Database::~Database() {
    if (database_ != nullptr) sqlite3_close_v2(database_);
    if (!writer_path_.empty()) writers().release(writer_path_);
}

Status Database::execute(std::string_view sql) {
    const std::string text(sql);
    if (sqlite3_exec(database_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return sqlite_error(database_, "execute");
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return sqlite_error(database_, "prepare");
    return Statement(database_, statement);
}

std::int64_t Database::last_insert_id() const {
    return sqlite3_last_insert_rowid(database_);
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(database_);
}

Status Database::checkpoint() {
    HEARTH_CHECK(!writer_path_.empty());
    if (sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) != SQLITE_OK) {
        return sqlite_error(database_, "checkpoint");
    }
    return {};
}

void Database::interrupt() {
    sqlite3_interrupt(database_);
}

Result<Transaction> Transaction::begin(Database& database) {
    HEARTH_TRY_STATUS(database.execute("BEGIN IMMEDIATE"));
    return Transaction(database);
}

Transaction::~Transaction() {
    if (database_ != nullptr) (void)database_->execute("ROLLBACK").ok();  // nothing left to report to
}

Status Transaction::commit() {
    HEARTH_TRY_STATUS(database_->execute("COMMIT"));
    database_ = nullptr;
    return {};
}

std::string sqlite_version() {
    return sqlite3_libversion();
}

}  // namespace hearth
