#include "core/sqlite_functions.h"

#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "core/decimal.h"
#include "core/utf8.h"

namespace hearth {
namespace {

constexpr std::int64_t kScale = 1'000'000;

/// Where SQLite hands out memory it is aligned for eight bytes, not for sixteen.
using Wide __attribute__((aligned(8))) = __int128;

/// A sum of numbers with at most six decimal places is kept in millionths, which is exact. Beside it runs a compensated
/// sum of everything, for the others. SQLite hands out this memory zeroed, and frees it without a destructor.
struct RunningSum {
    Wide millionths;
    double sum;
    double lost;
    std::int64_t count;
    std::int64_t reals;
    std::int64_t inexact;  ///< values that are not in `millionths`

    void add_real(double value) {
        const double next = sum + value;
        lost += std::abs(sum) >= std::abs(value) ? (sum - next) + value : (value - next) + sum;
        sum = next;
    }

    void add(std::int64_t value, int sign) {
        count += sign;
        millionths += static_cast<__int128>(value) * kScale * sign;
        add_real(static_cast<double>(value) * sign);
    }

    void add(double value, int sign) {
        constexpr double kLargest = 1e12;
        count += sign;
        reals += sign;
        add_real(value * sign);
        const std::int64_t scaled = std::abs(value) < kLargest ? std::llround(value * kScale) : 0;
        if (std::abs(value) < kLargest && static_cast<double>(scaled) / kScale == value)
            millionths += static_cast<__int128>(scaled) * sign;
        else
            inexact += sign;
    }

    long double value() const {
        if (inexact > 0) return static_cast<long double>(sum) + lost;
        return static_cast<long double>(millionths) / kScale;
    }

    bool is_integer() const {
        constexpr __int128 kMost = std::numeric_limits<std::int64_t>::max();
        const __int128 whole = millionths / kScale;
        return reals == 0 && whole <= kMost && whole >= -kMost;
    }
};

void refuse_text(sqlite3_context* context, sqlite3_value* value) {
    constexpr std::size_t kShown = 60;
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
    std::string shown = sanitize_utf8(bytes != nullptr ? bytes : "");
    shown.resize(utf8_floor(shown, kShown));
    const std::string message =
        "sum, total and avg need numbers, and '" + shown +
        "' is text: write number(column) instead of the column, which leaves out what is no number";
    sqlite3_result_error(context, message.c_str(), static_cast<int>(message.size()));
}

void change(sqlite3_context* context, sqlite3_value* value, int sign) {
    auto* sum = static_cast<RunningSum*>(sqlite3_aggregate_context(context, sizeof(RunningSum)));
    if (sum == nullptr) return sqlite3_result_error_nomem(context);
    switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER:
            return sum->add(static_cast<std::int64_t>(sqlite3_value_int64(value)), sign);
        case SQLITE_FLOAT:
            return sum->add(sqlite3_value_double(value), sign);
        case SQLITE_NULL:
            return;
        default:
            return refuse_text(context, value);
    }
}

void step(sqlite3_context* context, int, sqlite3_value** values) {
    change(context, values[0], 1);
}

void inverse(sqlite3_context* context, int, sqlite3_value** values) {
    change(context, values[0], -1);
}

/// Null before the first row.
const RunningSum* state_of(sqlite3_context* context) {
    return static_cast<const RunningSum*>(sqlite3_aggregate_context(context, 0));
}

void sum_value(sqlite3_context* context) {
    const RunningSum* sum = state_of(context);
    if (sum == nullptr || sum->count == 0) return sqlite3_result_null(context);
    if (sum->is_integer()) return sqlite3_result_int64(context, static_cast<sqlite3_int64>(sum->millionths / kScale));
    sqlite3_result_double(context, static_cast<double>(sum->value()));
}

void total_value(sqlite3_context* context) {
    const RunningSum* sum = state_of(context);
    sqlite3_result_double(context, sum == nullptr ? 0.0 : static_cast<double>(sum->value()));
}

void avg_value(sqlite3_context* context) {
    const RunningSum* sum = state_of(context);
    if (sum == nullptr || sum->count == 0) return sqlite3_result_null(context);
    sqlite3_result_double(context, static_cast<double>(sum->value() / static_cast<long double>(sum->count)));
}

void number_of(sqlite3_context* context, int, sqlite3_value** values) {
    const int type = sqlite3_value_type(values[0]);
    if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) return sqlite3_result_value(context, values[0]);
    if (type != SQLITE_TEXT) return sqlite3_result_null(context);
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
    if (bytes == nullptr) return sqlite3_result_error_nomem(context);
    const auto number = read_number({bytes, size});
    if (!number) return sqlite3_result_null(context);
    if (number->whole) return sqlite3_result_int64(context, number->integer);
    sqlite3_result_double(context, number->real);
}

}  // namespace

Status register_number_functions(sqlite3* database) {
    constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    using Value = void (*)(sqlite3_context*);
    const struct {
        const char* name;
        Value value;
    } sums[] = {{"sum", sum_value}, {"total", total_value}, {"avg", avg_value}};
    int code = sqlite3_create_function_v2(database, "number", 1, kFlags, nullptr, number_of, nullptr, nullptr, nullptr);
    for (const auto& [name, value] : sums) {
        if (code != SQLITE_OK) break;
        code = sqlite3_create_window_function(database, name, 1, kFlags, nullptr, step, value, value, inverse, nullptr);
    }
    if (code == SQLITE_OK) return {};
    return Error(ErrorCode::kInternal, std::string("register SQL functions: ") + sqlite3_errstr(code));
}

}  // namespace hearth
