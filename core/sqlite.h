// SQLite as owned handles. Only the files core/sqlite* include sqlite3.h.
//
// One rule keeps the record whole on SQLite versions with the WAL-reset bug (< 3.51.3): exactly one read-write
// connection per database in this process, checkpoints only on it and only between its transactions; every other
// connection is read-only. Database enforces the count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace hearth {

/// A prepared statement. Not thread-safe; belongs to the thread that uses its Database. Parameters count from 1,
/// columns from 0. Text and blob columns are views valid until the next step() or reset().
class Statement {
  public:
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    /// Binding out of range is a bug. The bytes are copied.
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, double value);
    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::span<const std::byte> blob);
    Statement& bind_null(int index);

    /// True when a row is ready, false when done.
    Result<bool> step();
    /// Steps to the end and resets: for statements without rows.
    Status run();
    /// Ready to be bound and stepped again; bindings are cleared.
    void reset();

    std::int64_t column_int(int index) const;
    double column_double(int index) const;
    std::string_view column_text(int index) const;
    std::span<const std::byte> column_blob(int index) const;
    bool column_is_null(int index) const;

  private:
    friend class Database;
    Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
    sqlite3* database_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

/// One connection. Use it from one thread at a time.
class Database {
  public:
    /// Creates the file when absent. WAL, synchronous=FULL, foreign keys on, no automatic checkpoint, no mmap,
    /// defensive, untrusted schema. kAlreadyExists when this process holds another writer of the same file.
    static Result<Database> open_writer(const std::string& path);
    /// Sees the last committed state at each transaction. Waits up to 5 s for a lock.
    static Result<Database> open_reader(const std::string& path);
    /// A database of its own that lives in memory, temporary results included, and ends with the connection.
    static Result<Database> open_memory();

    Database(Database&& other) noexcept;
    Database& operator=(Database&& other) noexcept;
    ~Database();

    /// Runs one or more statements without parameters (schema, pragmas).
    Status execute(std::string_view sql);
    Result<Statement> prepare(std::string_view sql);
    std::int64_t last_insert_id() const;
    std::int64_t changes() const;
    /// Moves the WAL into the main file and truncates it. Writer only, outside a transaction.
    Status checkpoint();
    /// Makes a concurrent step() in another thread return kCancelled.
    void interrupt();
    /// The raw connection, for registering FTS5 auxiliary functions in this folder's callers; never stored.
    sqlite3* handle() const noexcept { return database_; }

  private:
    Database(sqlite3* database, std::string writer_path) : database_(database), writer_path_(std::move(writer_path)) {}
    sqlite3* database_ = nullptr;
    std::string writer_path_;  // empty for readers and in memory
};

/// BEGIN IMMEDIATE now; rolls back on destruction unless commit() succeeded.
class Transaction {
  public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    ~Transaction();
    Status commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

/// The linked library's version, such as "3.40.1".
std::string sqlite_version();

}  // namespace hearth
