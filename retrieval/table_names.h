// Names that a table and its columns have in SQL, made of what a file calls them.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace hearth::retrieval {

/// Lower case, words joined by "_": ASCII letters and digits, and whatever is not ASCII and not a blank. Never a
/// keyword, never a digit first, never empty; at most 60 bytes. `fallback` ("data", "field") stands where nothing is
/// left.
std::string sql_name(std::string_view text, std::string_view fallback);

/// The file's name without its ending, and with the table's own name when the file holds `several`.
std::string table_name(std::string_view path, std::string_view title, bool several, std::size_t ordinal);

/// `name` or, when it is taken, the first of name_2, name_3, … that is not; takes it.
std::string unique_name(const std::string& name, std::set<std::string>& taken);

}  // namespace hearth::retrieval
