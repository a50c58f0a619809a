// Plain text for terminals: document text never carries control bytes into them.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace hearth::cli {

void print_line(std::string_view text);
void print_error_line(std::string_view text);
/// A piece of running text as it comes: without a line end of its own, control bytes but newline and tab escaped.
void print_piece(std::string_view text);
void print_json(const nlohmann::json& value);

/// Whitespace collapsed, cut at a code point to about `limit` bytes with an ellipsis, control bytes escaped.
std::string one_line(std::string_view text, std::size_t limit);

/// "17.3 MiB".
std::string human_bytes(double bytes);

/// "manual.pdf, page 3, Installation > Linux" of a source or result object.
std::string place_of(const nlohmann::json& result);

}  // namespace hearth::cli
