// reStructuredText: sections by their adornment, literal blocks, lists and tables. The text is the file itself.
#include <algorithm>
#include <cctype>
#include <string>

#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"

namespace hearth::ingest {
namespace {

constexpr std::string_view kAdornments = "=-`:'\"~^_*+#<>.!$%&";

/// A row of one punctuation mark.
bool is_adornment(std::string_view words) {
    return words.size() >= 2 && kAdornments.find(words[0]) != std::string_view::npos &&
           words.find_first_not_of(words[0]) == std::string_view::npos;
}

bool is_table_line(std::string_view words) {
    if (words.starts_with("+-") || words.starts_with("+=") || (words.starts_with('|') && words.ends_with('|')))
        return true;
    return words.starts_with("==") && words.find(' ') != std::string_view::npos &&
           words.find_first_not_of("= ") == std::string_view::npos;
}

class RstOutline {
  public:
    explicit RstOutline(Document& document) : text_(document.text), blocks_(document) {}

    /// Takes the block that begins with `line`; returns where the next one begins.
    std::size_t take(const Line& line) {
        if (line.words.empty()) {
            if (!simple_table_) blocks_.close();
            literal_ = literal_ || (opens_literal_ && !simple_table_);
            return line.span.end;
        }
        if (literal_ && line.indent > base_indent_) return verbatim(line);
        literal_ = false;
        if (const std::size_t end = section(line); end > 0) return end;
        if (is_table_line(line.words) || simple_table_) return table(line);
        note_literal(line);
        const bool code = line.words.starts_with(".. code") || line.words.starts_with(".. sourcecode") ||
                          line.words.starts_with(".. highlight") || line.words.starts_with(".. parsed-literal");
        if (code) {
            literal_ = true;
            base_indent_ = line.indent;
            return verbatim(line);
        }
        blocks_.add(is_list_item(line.words) ? BlockKind::kListItem : BlockKind::kParagraph, line.span);
        return line.span.end;
    }

  private:
    std::size_t verbatim(const Line& line) {
        blocks_.add(BlockKind::kCode, line.span);
        return line.span.end;
    }

    void note_literal(const Line& line) {
        opens_literal_ = line.words.ends_with("::") && !line.words.starts_with("..");
        if (opens_literal_) base_indent_ = line.indent;
    }

    /// A title between or above adornment lines; 0 when there is none.
    std::size_t section(const Line& line) {
        if (line.indent > 0 && !is_adornment(line.words)) return 0;
        const Line second = read_line(text_, line.span.end);
        if (is_adornment(line.words)) {
            const Line third = read_line(text_, second.span.end);
            const bool framed =
                !second.words.empty() && third.words == line.words && line.words.size() >= second.words.size();
            if (!framed) return 0;
            return heading({line.span.start, third.span.end}, second.words, std::string(2, line.words[0]));
        }
        if (!is_adornment(second.words) || second.indent > 0 || second.words.size() + 1 < line.words.size()) return 0;
        return heading({line.span.start, second.span.end}, line.words, std::string(1, second.words[0]));
    }

    std::size_t heading(TextSpan span, std::string_view words, const std::string& style) {
        auto found = std::find(styles_.begin(), styles_.end(), style);
        if (found == styles_.end()) found = styles_.insert(styles_.end(), style);
        blocks_.heading(span, static_cast<int>(found - styles_.begin()) + 1, words);
        opens_literal_ = simple_table_ = false;
        return span.end;
    }

    /// Grid tables go on while lines look like them; simple ones until a rule that a blank line follows.
    std::size_t table(const Line& line) {
        const bool rule = line.words.starts_with("==");
        if (rule) simple_table_ = !(simple_table_ && read_line(text_, line.span.end).words.empty());
        blocks_.add(BlockKind::kTable, line.span);
        return line.span.end;
    }

    const std::string_view text_;
    SourceBlocks blocks_;
    std::vector<std::string> styles_;  ///< adornments in the order of their first use
    bool opens_literal_ = false;
    bool literal_ = false;
    bool simple_table_ = false;
    std::size_t base_indent_ = 0;
};

}  // namespace

Extraction parse_rst(std::string_view bytes) {
    Extraction extraction = source_document("rst", bytes);
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    RstOutline outline(*document);
    for (std::size_t at = 0; at < document->text.size();) at = outline.take(read_line(document->text, at));
    title_from_heading(*document);
    return extraction;
}

}  // namespace hearth::ingest
