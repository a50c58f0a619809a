// The braces of C-like source code that are neither in comments nor in literals nor in parentheses.
#pragma once

#include <cstddef>
#include <string_view>

namespace hearth::ingest {

class BraceVisitor {
  public:
    virtual ~BraceVisitor() = default;
    /// `statement`: where what the brace belongs to begins. `comment`: where the comments right above that begin,
    /// `statement` without them.
    virtual void open(std::size_t statement, std::size_t comment, std::size_t brace) = 0;
    virtual void close(std::size_t brace) = 0;
};

/// Wrong literals cost structure, nothing else: strings end at their line's end, except those that may go on.
/// `by_lines`: statements end with their line, unless it ends or the next one begins with what goes on.
void scan_braces(std::string_view text, bool by_lines, BraceVisitor& visitor);

}  // namespace hearth::ingest
