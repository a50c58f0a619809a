// Puts together the text and blocks of formats whose bytes are not their text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ingest/document.h"

namespace hearth::ingest {

/// Blocks are separated by a blank line, rows of one list or table by a line end. Drops Unicode tag characters
/// (U+E0000..U+E007F): they are invisible and only ever carry hidden instructions. Bytes that are not UTF-8 become
/// U+FFFD, NUL a blank.
class TextBuilder {
  public:
    explicit TextBuilder(Document& document) : document_(document) {}

    /// Adds one block; blank text adds nothing. Spaces at both ends are dropped. A list item or a table row that
    /// follows its like is set directly beneath it; table rows on the same page become one block. `level` as in Block.
    void add(BlockKind kind, std::string_view text, int level = 0, std::optional<int> page = std::nullopt);
    /// The next table row begins a block of its own, whose columns these are.
    void begin_table(std::string columns) {
        in_table_ = false;
        columns_ = std::move(columns);
    }
    void end_table() { begin_table({}); }
    /// Keeps the rows of a table whose words were the last that were added, or are told of there.
    void keep_table(PackedTable table);

  private:
    Document& document_;
    bool in_table_ = false;
    std::string columns_;
};

/// As TextBuilder adds it.
std::string clean_text(std::string_view text);
/// clean_text would change nothing.
bool is_clean_text(std::string_view text);

/// Runs of blanks (ASCII and U+00A0) become one space; none at the ends.
std::string collapse_blanks(std::string_view text);

}  // namespace hearth::ingest
