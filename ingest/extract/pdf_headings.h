// Which lines of a PDF's text are numbered headings. The text has no sizes: what speaks for a heading is that its
// number is the next one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hearth::ingest {

using SectionNumber = std::vector<int>;

struct NumberedLine {
    SectionNumber number;  ///< empty: the line does not begin with one
    std::string_view title;
};

/// "2.1 Installing the pump" and "2." alone. Six parts of up to three digits.
NumberedLine read_numbered(std::string_view line);

/// A line of a table of contents: dots lead from its title to a page.
bool has_leader(std::string_view line);
/// Leaders shortened to one sign.
std::string without_leader(std::string_view line);

/// Words that head a section: short, begun by a capital, no sentence.
bool is_heading_title(std::string_view title);

class SectionOrder {
  public:
    /// Takes `number` when it is what comes next: the first part of the current section, the next section at any level,
    /// or one of the two behind it, since headings may be set in ways that are not seen. `alone`: nothing else stands
    /// in the line's paragraph, so that a "1" may begin a new count.
    bool take(const SectionNumber& number, bool alone);

  private:
    bool follows(const SectionNumber& number) const;

    SectionNumber current_;
};

}  // namespace hearth::ingest
