// What a file's name says.
#pragma once

#include <string>
#include <string_view>

namespace hearth::ingest {

/// The last component of a path.
std::string_view base_name(std::string_view path) noexcept;

/// The last component without its ending: the title of a document that names none.
std::string file_stem(std::string_view path);

/// Names that are never documents: hidden, editor backups, swap files and unfinished downloads.
bool is_scratch_name(std::string_view name) noexcept;

}  // namespace hearth::ingest
