#include "web/json_fields.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <nlohmann/json.hpp>

namespace hearth::web {
namespace {

std::string plain(double value) {
    char buffer[32];
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

std::string joined(std::initializer_list<std::string_view> names) {
    std::string out;
    for (const std::string_view name : names) out.append(out.empty() ? "" : ", ").append(name);
    return out;
}

}  // namespace

const nlohmann::json* FieldReader::any(std::string_view key) const {
    const auto found = object_.find(std::string(key));
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void FieldReader::fail(std::string_view key, const std::string& why) {
    if (error_) return;
    const std::string name = prefix_ + std::string(key);
    error_ = bad_request("'" + name + "' " + why, name);
}

void FieldReader::only(std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : object_.items()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            return fail(key, "is not known here; known are: " + joined(known));
        }
    }
}

std::optional<ApiError> unknown_parameter(const Request& request, std::initializer_list<std::string_view> known) {
    for (const Header& parameter : request.query) {
        if (std::find(known.begin(), known.end(), parameter.name) == known.end()) {
            return bad_request("there is no parameter '" + parameter.name + "' here; known are: " + joined(known),
                               parameter.name);
        }
    }
    return std::nullopt;
}

std::optional<double> FieldReader::number(std::string_view key, double low, double high) {
    const nlohmann::json* value = any(key);
    if (value == nullptr) return std::nullopt;
    const double number = value->is_number() ? value->get<double>() : std::numeric_limits<double>::quiet_NaN();
    if (number >= low && number <= high) return number;
    fail(key, "must be a number from " + plain(low) + " to " + plain(high));
    return std::nullopt;
}

std::optional<std::int64_t> FieldReader::integer(std::string_view key, std::int64_t low, std::int64_t high) {
    const nlohmann::json* value = any(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_number_integer()) {
        constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        const bool too_big = value->is_number_unsigned() && value->get<std::uint64_t>() > kMax;
        const std::int64_t number = too_big ? 0 : value->get<std::int64_t>();
        if (!too_big && number >= low && number <= high) return number;
    }
    fail(key, "must be an integer from " + std::to_string(low) + " to " + std::to_string(high));
    return std::nullopt;
}

std::optional<std::string> FieldReader::text(std::string_view key, std::size_t max_bytes) {
    const nlohmann::json* value = any(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        fail(key, "must be a string");
        return std::nullopt;
    }
    const auto& out = value->get_ref<const std::string&>();
    if (out.size() <= max_bytes) return out;
    fail(key,
         "is " + std::to_string(out.size()) + " bytes long; at most " + std::to_string(max_bytes) + " are possible");
    return std::nullopt;
}

std::optional<bool> FieldReader::boolean(std::string_view key) {
    const nlohmann::json* value = any(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    fail(key, "must be true or false");
    return std::nullopt;
}

const nlohmann::json* FieldReader::object(std::string_view key) {
    const nlohmann::json* value = any(key);
    if (value == nullptr || value->is_object()) return value;
    fail(key, "must be an object");
    return nullptr;
}

const nlohmann::json* FieldReader::array(std::string_view key) {
    const nlohmann::json* value = any(key);
    if (value == nullptr || value->is_array()) return value;
    fail(key, "must be an array");
    return nullptr;
}

std::optional<int> limit_parameter(const Request& request, int most) {
    const std::string text = request.parameter("limit").value_or("20");
    int limit = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), limit);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
    if (!whole || limit < 1 || limit > most) return std::nullopt;
    return limit;
}

}  // namespace hearth::web
