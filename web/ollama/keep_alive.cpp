#include "web/ollama/keep_alive.h"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

namespace hearth::web {
namespace {

using nlohmann::json;

constexpr double kLongestSeconds = 100.0 * 366 * 86400;
constexpr std::chrono::seconds kForEver{-1};

struct Unit {
    std::string_view name;
    double seconds;
};
/// Longer names before those they begin with.
constexpr std::array kUnits = {Unit{"ms", 1e-3}, Unit{"us", 1e-6}, Unit{"µs", 1e-6}, Unit{"ns", 1e-9},
                               Unit{"h", 3600},  Unit{"m", 60},    Unit{"s", 1}};

std::optional<std::chrono::seconds> seconds_of(double value) {
    if (value < 0) return kForEver;
    if (!(value <= kLongestSeconds)) return std::nullopt;
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(value)));
}

/// Takes a number off the front. Digits and a point only: no sign, no exponent.
std::optional<double> take_number(std::string_view& text) {
    const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
    double value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + length, value, std::chars_format::fixed);
    if (failed != std::errc() || end != text.data() + length) return std::nullopt;
    text.remove_prefix(length);
    return value;
}

std::optional<double> take_unit(std::string_view& text) {
    for (const Unit& unit : kUnits) {
        if (!text.starts_with(unit.name)) continue;
        text.remove_prefix(unit.name.size());
        return unit.seconds;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const bool plain = !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
    double total = 0;
    do {
        const auto number = take_number(text);
        const auto unit = plain ? std::optional(1.0) : take_unit(text);
        if (!number || !unit) return std::nullopt;
        total += *number * *unit;
    } while (!text.empty());
    return seconds_of(negative ? -total : total);
}

std::optional<std::chrono::seconds> read_keep_alive(FieldReader& fields) {
    const json* given = fields.any("keep_alive");
    if (given == nullptr) return std::nullopt;
    std::optional<std::chrono::seconds> keep;
    if (given->is_number()) keep = seconds_of(given->get<double>());
    if (given->is_string()) keep = parse_duration(given->get_ref<const std::string&>());
    if (!keep) fields.fail("keep_alive", "must be seconds or a duration like '5m'; -1 keeps the model loaded");
    return keep;
}

}  // namespace hearth::web
