// Globs on '/'-separated relative paths: `*` and `?` stay inside one folder, `**` crosses folders.
#pragma once

#include <string_view>

namespace hearth {

/// Whole-path match by bytes. "**/x" also matches "x"; "a/**" matches everything beneath a. There are no escapes and no
/// character classes. Time is at most linear in pattern x path.
bool glob_match(std::string_view pattern, std::string_view path) noexcept;

}  // namespace hearth
