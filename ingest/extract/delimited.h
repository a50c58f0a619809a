// Records of delimiter-separated text (RFC 4180 and its dialects).
#pragma once

#include <optional>
#include <string_view>

#include "ingest/extract/table.h"

namespace hearth::ingest {

class DelimitedReader {
  public:
    DelimitedReader(std::string_view text, char delimiter) : text_(text), delimiter_(delimiter) {}

    /// The next record with words in it; false at the end. Blanks inside cells become one space. A quote that never
    /// closes ends with the text.
    bool next(Row& cells);
    /// Bytes read so far.
    std::size_t place() const { return at_; }

  private:
    std::string cell();

    const std::string_view text_;
    const char delimiter_;
    std::size_t at_ = 0;
};

struct Dialect {
    char delimiter = ',';
    std::size_t columns = 1;
    double agreement = 0;  ///< share of the sampled records that have that many
    std::size_t records = 0;
    std::size_t start = 0;  ///< behind a byte order mark and a "sep=;" line
};

/// The delimiter of , ; tab and | by which most records have the same number of columns.
Dialect find_dialect(std::string_view text);

/// Enough agreement to take a file for a table that does not say so by its name.
bool reads_like_table(std::string_view text);

}  // namespace hearth::ingest
