#include "core/sqlite_guard.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "core/sqlite_functions.h"
#include "core/utf8.h"

namespace hearth {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStepsPerLook = 100;  // at the memory: a step makes one value of kMaxValueBytes at most
constexpr int kLooksPerClock = 10;
constexpr int kMaxValueBytes = 256 << 10;

/// Functions that compute one short value out of what they are given.
bool is_allowed_function(std::string_view name) {
    static const std::set<std::string, std::less<>> kFunctions = {
        "abs",      "avg",     "ceil",       "ceiling",   "coalesce",    "count",      "cume_dist",    "date",
        "datetime", "degrees", "dense_rank", "exp",       "first_value", "floor",      "glob",         "group_concat",
        "ifnull",   "iif",     "instr",      "julianday", "lag",         "last_value", "lead",         "length",
        "like",     "ln",      "log",        "log10",     "log2",        "lower",      "ltrim",        "max",
        "min",      "mod",     "nth_value",  "ntile",     "nullif",      "number",     "percent_rank", "pi",
        "pow",      "power",   "radians",    "rank",      "replace",     "round",      "row_number",   "rtrim",
        "sign",     "sqrt",    "strftime",   "substr",    "substring",   "sum",        "time",         "total",
        "trim",     "trunc",   "typeof",     "unicode",   "unixepoch",   "upper"};
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return kFunctions.contains(lower);
}

/// What one statement asks for while it is prepared.
struct Warden {
    std::set<std::string, std::less<>> known;  ///< tables that were put there
    std::set<std::string> tables;              ///< of them, those that it reads
    std::string refused;

    int refuse(std::string what) {
        if (refused.empty()) refused = std::move(what);
        return SQLITE_DENY;
    }

    int judge(int action, std::string_view first, std::string_view second) {
        switch (action) {
            case SQLITE_SELECT:
                return SQLITE_OK;
            case SQLITE_READ:
                if (known.contains(first)) {
                    tables.emplace(first);
                    return SQLITE_OK;
                }
                // A name in FROM of which no column is read: that of a WITH, for one.
                if (second.empty() && !first.starts_with("sqlite_") && !first.starts_with("pragma_")) return SQLITE_OK;
                return refuse("reading \"" + std::string(first) + "\" is not allowed");
            case SQLITE_FUNCTION:
                return is_allowed_function(second)
                           ? SQLITE_OK
                           : refuse("the function " + std::string(second) + "() is not allowed");
            case SQLITE_RECURSIVE:
                return refuse("a recursive WITH is not allowed");
            default:
                return refuse("only a SELECT is allowed");
        }
    }
};

int on_action(void* warden, int action, const char* first, const char* second, const char*, const char*) {
    const auto text = [](const char* part) { return part != nullptr ? std::string_view(part) : std::string_view(); };
    return static_cast<Warden*>(warden)->judge(action, text(first), text(second));
}

/// Stops a statement that uses too much.
struct Watch {
    explicit Watch(const SqlLimits& given) : limits(given) {}
    const SqlLimits& limits;
    Clock::time_point start = Clock::now();
    std::int64_t memory_before = sqlite3_memory_used();
    std::int64_t looks = 0;
    enum { kNothing, kTime, kSteps, kMemory } exceeded = kNothing;

    bool look() {
        ++looks;
        if (looks * kStepsPerLook > limits.steps)
            exceeded = kSteps;
        else if (sqlite3_memory_used() - memory_before > limits.memory_bytes)
            exceeded = kMemory;
        else if (looks % kLooksPerClock == 0 && Clock::now() - start > limits.time)
            exceeded = kTime;
        return exceeded == kNothing;
    }

    Error error() const {
        constexpr const char* kRemedy = ": join tables by a condition, filter earlier, or group into fewer rows";
        if (exceeded == kMemory)
            return Error(ErrorCode::kResourceExhausted, std::string("the query needs too much memory") + kRemedy);
        return Error(ErrorCode::kDeadlineExceeded,
                     (exceeded == kTime ? "the query took longer than " + std::to_string(limits.time.count()) + " ms"
                                        : std::string("the query takes too many steps")) +
                         kRemedy);
    }
};

int on_progress(void* watch) {
    return static_cast<Watch*>(watch)->look() ? 0 : 1;
}

/// The guards on a connection as long as a stranger's statement is on it.
class Guarded {
  public:
    Guarded(sqlite3* database, Warden& warden) : database_(database) {
        for (std::size_t i = 0; i < kLimits.size(); ++i)
            before_[i] = sqlite3_limit(database, kLimits[i].first, kLimits[i].second);
        sqlite3_set_authorizer(database, on_action, &warden);
    }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;
    ~Guarded() {
        sqlite3_progress_handler(database_, 0, nullptr, nullptr);
        sqlite3_set_authorizer(database_, nullptr, nullptr);
        for (std::size_t i = 0; i < kLimits.size(); ++i) sqlite3_limit(database_, kLimits[i].first, before_[i]);
    }
    void watch(Watch& watch) { sqlite3_progress_handler(database_, kStepsPerLook, on_progress, &watch); }

  private:
    static constexpr std::array<std::pair<int, int>, 11> kLimits = {{{SQLITE_LIMIT_LENGTH, kMaxValueBytes},
                                                                     {SQLITE_LIMIT_SQL_LENGTH, kMaxSqlBytes},
                                                                     {SQLITE_LIMIT_COLUMN, 2000},
                                                                     {SQLITE_LIMIT_EXPR_DEPTH, 60},
                                                                     {SQLITE_LIMIT_COMPOUND_SELECT, 8},
                                                                     {SQLITE_LIMIT_VDBE_OP, 25'000},
                                                                     {SQLITE_LIMIT_FUNCTION_ARG, 16},
                                                                     {SQLITE_LIMIT_ATTACHED, 0},
                                                                     {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100},
                                                                     {SQLITE_LIMIT_VARIABLE_NUMBER, 0},
                                                                     {SQLITE_LIMIT_WORKER_THREADS, 0}}};
    sqlite3* database_;
    std::array<int, kLimits.size()> before_{};
};

class Prepared {
  public:
    explicit Prepared(sqlite3_stmt* statement) : statement_(statement) {}
    Prepared(Prepared&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    Prepared& operator=(Prepared&&) = delete;
    ~Prepared() { sqlite3_finalize(statement_); }
    sqlite3_stmt* get() const { return statement_; }

  private:
    sqlite3_stmt* statement_;
};

Error invalid(std::string message) {
    return Error(ErrorCode::kInvalidArgument, std::move(message));
}

Error sql_error(sqlite3* database, int code) {
    const std::string message = sanitize_utf8(sqlite3_errmsg(database));
    const bool absent = message.starts_with("no such ") || message.starts_with("ambiguous column");
    if (absent) return Error(ErrorCode::kNotFound, message);
    switch (code & 0xff) {
        case SQLITE_TOOBIG:
            return Error(ErrorCode::kResourceExhausted, "the statement or one of its values is too long");
        case SQLITE_NOMEM:
            return Error(ErrorCode::kResourceExhausted, "there is not enough memory for the query");
        default:
            return invalid("the SQL is wrong: " + message);
    }
}

bool is_rest_empty(std::string_view rest) {
    return rest.find_first_not_of(" \t\r\n\f;") == std::string_view::npos;
}

Result<Prepared> prepare_select(sqlite3* database, std::string_view sql, const Warden& warden) {
    if (sql.size() > kMaxSqlBytes) return invalid("the SQL has more than " + std::to_string(kMaxSqlBytes) + " bytes");
    if (sql.find('\0') != std::string_view::npos) return invalid("the SQL holds a NUL byte");
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()), 0, &raw, &tail);
    Prepared statement(raw);
    if (!warden.refused.empty()) return invalid(warden.refused + ": write one SELECT over the tables");
    if (code != SQLITE_OK) return sql_error(database, code);
    const bool select = raw != nullptr && sqlite3_column_count(raw) > 0 && sqlite3_stmt_readonly(raw) != 0 &&
                        sqlite3_stmt_isexplain(raw) == 0;
    if (!select || !is_rest_empty(sql.substr(static_cast<std::size_t>(tail - sql.data()))))
        return invalid("write one SELECT over the tables, and nothing else");
    return statement;
}

Result<Warden> warden_of(Database& database) {
    Warden warden;
    HEARTH_TRY(Statement names, database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'"));
    for (;;) {
        HEARTH_TRY(const bool found, names.step());
        if (!found) return warden;
        warden.known.emplace(names.column_text(0));
    }
}

SqlValue value_of(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
            return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
        case SQLITE_FLOAT:
            return sqlite3_column_double(statement, column);
        case SQLITE_NULL:
            return std::monostate();
        default: {
            const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
            const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
            return sanitize_utf8(bytes != nullptr ? std::string_view(bytes, size) : std::string_view());
        }
    }
}

/// Takes the row as far as `left` bytes allow; false when it is cut.
bool take_row(sqlite3_stmt* statement, std::vector<SqlValue>& row, std::size_t& left) {
    constexpr std::size_t kPlainBytes = 8;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        SqlValue value = value_of(statement, i);
        auto* text = std::get_if<std::string>(&value);
        const std::size_t size = text != nullptr ? text->size() : kPlainBytes;
        if (size > left) {
            if (text != nullptr) text->resize(utf8_floor(*text, left));
            if (text != nullptr) row.push_back(std::move(value));
            left = 0;
            return false;
        }
        left -= size;
        row.push_back(std::move(value));
    }
    return true;
}

/// Significant ones of a printed number.
int digits_of(std::string_view number) {
    number = number.substr(0, number.find('e'));
    const std::size_t first = number.find_first_of("123456789");
    if (first == std::string_view::npos) return 1;
    return static_cast<int>(std::count_if(number.begin() + static_cast<std::ptrdiff_t>(first), number.end(),
                                          [](char c) { return c >= '0' && c <= '9'; }));
}

/// Sums of decimals that a double can tell apart have so many digits at most; a quotient mostly has more.
constexpr int kExactDigits = 16;
constexpr int kReliableDigits = 15;

}  // namespace

std::string print_value(const SqlValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    const auto* real = std::get_if<double>(&value);
    if (real == nullptr) return {};
    constexpr double kPlainBelow = 1e17;
    const auto form = std::fabs(*real) < kPlainBelow ? std::chars_format::fixed : std::chars_format::general;
    std::array<char, 400> out{};
    char* const last = out.data() + out.size();
    const auto shortest = std::to_chars(out.data(), last, *real, form);
    if (digits_of({out.data(), shortest.ptr}) <= kExactDigits) return {out.data(), shortest.ptr};
    // A third or the like: what comes behind is the noise of binary fractions.
    const int behind = std::max(0, kReliableDigits - 1 - static_cast<int>(std::floor(std::log10(std::fabs(*real)))));
    const auto rounded = form == std::chars_format::fixed
                             ? std::to_chars(out.data(), last, *real, form, behind)
                             : std::to_chars(out.data(), last, *real, form, kReliableDigits);
    std::string text(out.data(), rounded.ptr);
    if (form == std::chars_format::fixed && text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
    }
    return text;
}

Result<SqlSandbox> SqlSandbox::create() {
    HEARTH_TRY(Database database, Database::open_memory());
    sqlite3* handle = database.handle();
    for (const int setting : {SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                              SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION})
        sqlite3_db_config(handle, setting, 0, nullptr);
    HEARTH_TRY_STATUS(register_number_functions(handle));
    return SqlSandbox(std::move(database));
}

Result<std::vector<std::string>> SqlSandbox::tables_read(std::string_view sql) {
    HEARTH_TRY(Warden warden, warden_of(database_));
    const Guarded guarded(database_.handle(), warden);
    HEARTH_TRY(const Prepared statement, prepare_select(database_.handle(), sql, warden));
    return std::vector<std::string>(warden.tables.begin(), warden.tables.end());
}

Result<SqlRows> SqlSandbox::query(std::string_view sql, const SqlLimits& limits) {
    HEARTH_TRY(Warden warden, warden_of(database_));
    Guarded guarded(database_.handle(), warden);
    HEARTH_TRY(const Prepared statement, prepare_select(database_.handle(), sql, warden));
    Watch watch(limits);
    guarded.watch(watch);
    SqlRows out;
    for (int i = 0; i < sqlite3_column_count(statement.get()); ++i)
        out.columns.push_back(sanitize_utf8(sqlite3_column_name(statement.get(), i)));
    std::size_t left = limits.result_bytes;
    while (!out.cut) {
        const int code = sqlite3_step(statement.get());
        if (code == SQLITE_DONE) break;
        if (watch.exceeded != Watch::kNothing) return watch.error();
        if (code != SQLITE_ROW) return sql_error(database_.handle(), code);
        out.cut = out.rows.size() == limits.rows;
        if (out.cut) break;
        out.cut = !take_row(statement.get(), out.rows.emplace_back(), left);
    }
    return out;
}

bool is_sql_keyword(std::string_view word) {
    return sqlite3_keyword_check(word.data(), static_cast<int>(word.size())) != 0;
}

}  // namespace hearth
