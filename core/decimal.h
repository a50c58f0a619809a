// Numbers as people write them in tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hearth {

/// A decimal number as people write it: "-1,234.50", "12 %", "$3". Up to 12 digits before the point and 6 behind it;
/// in millionths. Not a number: codes with leading zeros, dates, longer digits.
std::optional<std::int64_t> read_decimal(std::string_view text);

/// What stands around the digits of a number.
enum class Unit : std::uint8_t { kNone, kPercent, kDollar, kEuro, kPound, kYen, kSeveral };

struct Number {
    bool whole = false;  ///< `integer` is the value; else `real`
    std::int64_t integer = 0;
    double real = 0;
    Unit unit = Unit::kNone;
    bool grouped = false;         ///< "1,234": a comma, and elsewhere it might be the decimal one
    bool surely_grouped = false;  ///< "1,234.5" and "1,234,567": it cannot be
};

/// The same, with more digits: whole numbers of 18, others as a double of at most 17, exponents ("1.5e-7") too.
std::optional<Number> read_number(std::string_view text);

}  // namespace hearth
