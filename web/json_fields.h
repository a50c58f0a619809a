// Reading typed, ranged fields out of a client's JSON object: the first wrong field is remembered with its name.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "web/error_map.h"

namespace hearth::web {

/// Absent and null fields are empty. A field of the wrong type or out of range is empty and sets error().
class FieldReader {
  public:
    /// `object` must be a JSON object and outlive the reader. `prefix` ("messages[0].") goes before field names.
    explicit FieldReader(const nlohmann::json& object, std::string prefix = {})
        : object_(object), prefix_(std::move(prefix)) {}

    std::optional<double> number(std::string_view key, double low, double high);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high);
    std::optional<std::string> text(std::string_view key, std::size_t max_bytes);
    std::optional<bool> boolean(std::string_view key);
    /// The field when it is an object; otherwise null (and an error when it is something else than absent or null).
    const nlohmann::json* object(std::string_view key);
    const nlohmann::json* array(std::string_view key);
    /// Any type; null when absent or JSON null.
    const nlohmann::json* any(std::string_view key) const;

    /// Fails naming the first field that is none of `known`.
    void only(std::initializer_list<std::string_view> known);
    void fail(std::string_view key, const std::string& why);
    const std::optional<ApiError>& error() const noexcept { return error_; }

  private:
    const nlohmann::json& object_;
    std::string prefix_;
    std::optional<ApiError> error_;
};

/// For hearth's own routes, whose parameters filter: a misspelt one must not widen what is found. 400 by name.
std::optional<ApiError> unknown_parameter(const Request& request, std::initializer_list<std::string_view> known);

/// The parameter 'limit', 1 to `most`; 20 without one. Empty when it is anything else.
std::optional<int> limit_parameter(const Request& request, int most);

}  // namespace hearth::web
