// One SELECT of a stranger over tables in memory: what it may do, and how much of the machine it may use.
//
// The guard is not the only wall: the database holds nothing but the tables that were put into it. It has no file, and
// the query can reach none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/sqlite.h"

namespace hearth {

using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;

/// As a person reads it: a double by the fewest digits that tell it apart, NULL as nothing.
std::string print_value(const SqlValue& value);

struct SqlLimits {
    std::size_t rows = 200;
    std::size_t result_bytes = 64 << 10;     ///< of all values together
    std::chrono::milliseconds time{2000};    ///< looked at every thousand steps
    std::int64_t steps = 400'000'000;        ///< of SQLite's machine
    std::int64_t memory_bytes = 64ll << 20;  ///< by which SQLite's memory in this process may grow meanwhile
};

struct SqlRows {
    std::vector<std::string> columns;
    std::vector<std::vector<SqlValue>> rows;
    bool cut = false;  ///< there are more rows, or a value is longer, than the limits allow
};

constexpr std::size_t kMaxSqlBytes = 8 << 10;

/// Not thread-safe. Its owner makes and fills tables through database(), then gives it the stranger's statement.
///
/// Allowed: one SELECT without recursion, reading the tables there are, with functions that compute (no files, no
/// settings, no randomness, nothing that makes long values out of short ones). sum(), total() and avg() are exact for
/// decimal numbers of up to 6 places, and refuse text instead of taking it for 0; number(x) reads text as a number and
/// is NULL where it is none. "..." is a name, never a string.
///
/// Errors: kNotFound for a table, column or function that is not there; kInvalidArgument for what is not allowed or no
/// SQL; kDeadlineExceeded and kResourceExhausted for the limits. All say what to change.
class SqlSandbox {
  public:
    static Result<SqlSandbox> create();
    Database& database() { return database_; }

    /// The tables that the statement reads, each once.
    Result<std::vector<std::string>> tables_read(std::string_view sql);
    Result<SqlRows> query(std::string_view sql, const SqlLimits& limits);

  private:
    explicit SqlSandbox(Database database) : database_(std::move(database)) {}
    Database database_;
};

/// A name that would have to be quoted to be one.
bool is_sql_keyword(std::string_view word);

}  // namespace hearth
