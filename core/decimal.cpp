#include "core/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace hearth {
namespace {

constexpr std::size_t kScaleDigits = 6;
constexpr std::size_t kMostDecimalDigits = 12;  // before the point: sums of a billion such numbers fit 128 bits
constexpr std::size_t kMostWholeDigits = 18;    // fit 64 bits
constexpr std::size_t kMostRealDigits = 17;     // a double tells them apart

constexpr std::array<std::pair<std::string_view, Unit>, 6> kUnits = {{{"%", Unit::kPercent},
                                                                      {"$", Unit::kDollar},
                                                                      {"\u20AC", Unit::kEuro},
                                                                      {"\u00A3", Unit::kPound},
                                                                      {"\u00A5", Unit::kYen},
                                                                      {" ", Unit::kNone}}};

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view strip_units(std::string_view text, Unit& unit) {
    const auto note = [&](Unit found) {
        if (found != Unit::kNone) unit = unit == Unit::kNone || unit == found ? found : Unit::kSeveral;
    };
    for (bool again = true; again;) {
        again = false;
        for (const auto& [sign, meaning] : kUnits) {
            if (text.starts_with(sign)) {
                text.remove_prefix(sign.size());
                note(meaning);
                again = true;
            }
            if (text.ends_with(sign)) {
                text.remove_suffix(sign.size());
                note(meaning);
                again = true;
            }
        }
    }
    return text;
}

/// "1,234,567": groups of three behind the first.
bool drop_groups(std::string& digits) {
    if (digits.find(',') == std::string::npos) return true;
    std::string plain;
    std::size_t since = 0;
    bool grouped = false;
    for (const char c : digits) {
        if (c == ',') {
            if (grouped ? since != 3 : since < 1 || since > 3) return false;
            grouped = true;
            since = 0;
        } else {
            plain += c;
            ++since;
        }
    }
    digits = plain;
    return since == 3;
}

struct Digits {
    bool negative = false;
    bool point = false;
    std::string whole;
    std::string fraction;
    std::string_view exponent;  ///< behind the "e"
    Unit unit = Unit::kNone;
    std::size_t commas = 0;
};

/// The parts of a number; nothing when it is none, or a code that begins with a zero.
std::optional<Digits> take_apart(std::string_view text) {
    Digits parts;
    text = strip_units(text, parts.unit);
    parts.negative = text.starts_with('-');
    if (parts.negative || text.starts_with('+')) text.remove_prefix(1);
    text = strip_units(text, parts.unit);
    const auto e = text.find_first_of("eE");
    if (e != std::string_view::npos) {
        parts.exponent = text.substr(e + 1);
        text = text.substr(0, e);
        std::string_view digits = parts.exponent;
        if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
        if (digits.empty() || digits.size() > 3 || !all_digits(digits)) return std::nullopt;
    }
    const auto at = text.find('.');
    parts.point = at != std::string_view::npos;
    parts.whole = text.substr(0, at);
    parts.fraction = parts.point ? text.substr(at + 1) : std::string_view();
    parts.commas = static_cast<std::size_t>(std::count(parts.whole.begin(), parts.whole.end(), ','));
    if (!drop_groups(parts.whole) || (parts.point && parts.fraction.empty())) return std::nullopt;
    if (!all_digits(parts.whole) || !all_digits(parts.fraction)) return std::nullopt;
    if (parts.whole.size() + parts.fraction.size() == 0) return std::nullopt;
    if (parts.whole.size() > 1 && parts.whole[0] == '0') return std::nullopt;
    return parts;
}

}  // namespace

std::optional<std::int64_t> read_decimal(std::string_view text) {
    auto parts = take_apart(text);
    if (!parts || !parts->exponent.empty()) return std::nullopt;
    if (parts->whole.size() > kMostDecimalDigits || parts->fraction.size() > kScaleDigits) return std::nullopt;
    parts->fraction.resize(kScaleDigits, '0');
    const std::string digits = parts->whole + parts->fraction;
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return parts->negative ? -value : value;
}

std::optional<Number> read_number(std::string_view text) {
    const auto parts = take_apart(text);
    if (!parts) return std::nullopt;
    Number number;
    number.unit = parts->unit;
    number.grouped = parts->commas > 0;
    number.surely_grouped = parts->commas > 1 || (parts->commas == 1 && parts->point);
    number.whole = !parts->point && parts->exponent.empty();
    if (number.whole) {
        if (parts->whole.size() > kMostWholeDigits) return std::nullopt;
        std::from_chars(parts->whole.data(), parts->whole.data() + parts->whole.size(), number.integer);
        if (parts->negative) number.integer = -number.integer;
        return number;
    }
    if (parts->whole.size() + parts->fraction.size() > kMostRealDigits) return std::nullopt;
    std::string plain = (parts->negative ? "-" : "") + parts->whole + (parts->whole.empty() ? "0." : ".") +
                        (parts->fraction.empty() ? "0" : parts->fraction);
    if (!parts->exponent.empty()) {
        plain += 'e';
        plain += parts->exponent;  // from_chars takes its sign
    }
    const auto read = std::from_chars(plain.data(), plain.data() + plain.size(), number.real);
    if (read.ec != std::errc() || read.ptr != plain.data() + plain.size()) return std::nullopt;
    return number;
}

}  // namespace hearth
