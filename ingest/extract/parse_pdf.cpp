#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/utf8.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/pdf_headings.h"
#include "ingest/extract/text_builder.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kEdgeLines = 2;    // how deep a running header or footer reaches into a page
constexpr std::size_t kFewestPages = 4;  // fewer pages prove no repetition
constexpr std::size_t kMaxPageDigits = 6;

using Lines = std::vector<std::string>;

Lines split(std::string_view text, char separator) {
    Lines parts;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find(separator, at), text.size());
        parts.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

bool is_blank_line(const std::string& line) {
    return std::all_of(line.begin(), line.end(), is_blank);
}

/// What a running line can be known by on every page: its words, or its words around one number that counts with the
/// pages. Rows of figures differ in more than that.
std::vector<std::string> keys_of(const std::string& line, std::size_t page) {
    const std::string words = collapse_blanks(line);
    std::vector<std::string> keys = {words};
    const auto is_digit = [&](std::size_t i) {
        return i < words.size() && std::isdigit(static_cast<unsigned char>(words[i])) != 0;
    };
    for (std::size_t start = 0; start < words.size(); ++start) {
        if (!is_digit(start)) continue;
        std::size_t end = start;
        while (is_digit(end)) ++end;
        if (end - start <= kMaxPageDigits) {
            std::int64_t number = 0;
            std::from_chars(words.data() + start, words.data() + end, number);
            const std::string offset = std::to_string(number - static_cast<std::int64_t>(page));
            keys.push_back(words.substr(0, start) + '\0' + offset + '\0' + words.substr(end));
        }
        start = end;
    }
    return keys;
}

/// Indexes of the first and last kEdgeLines lines with words.
std::set<std::size_t> edges_of(const Lines& page) {
    std::vector<std::size_t> filled;
    for (std::size_t i = 0; i < page.size(); ++i) {
        if (!is_blank_line(page[i])) filled.push_back(i);
    }
    std::set<std::size_t> edges;
    for (std::size_t i = 0; i < std::min(kEdgeLines, filled.size()); ++i) {
        edges.insert(filled[i]);
        edges.insert(filled[filled.size() - 1 - i]);
    }
    return edges;
}

void drop_running_lines(std::vector<Lines>& pages) {
    if (pages.size() < kFewestPages) return;
    std::map<std::string, std::size_t> seen;
    for (std::size_t page = 0; page < pages.size(); ++page) {
        std::set<std::string> keys;
        for (const std::size_t i : edges_of(pages[page])) {
            for (auto& key : keys_of(pages[page][i], page)) keys.insert(std::move(key));
        }
        for (const auto& key : keys) ++seen[key];
    }
    for (std::size_t page = 0; page < pages.size(); ++page) {
        for (const std::size_t i : edges_of(pages[page])) {
            const auto keys = keys_of(pages[page][i], page);
            const bool runs = std::any_of(keys.begin(), keys.end(),
                                          [&](const auto& key) { return seen[key] * 10 >= pages.size() * 6; });
            if (runs) pages[page][i].clear();
        }
    }
}

bool starts_lower(std::string_view text) {
    if (text.empty()) return false;
    const auto first = static_cast<unsigned char>(text[0]);
    // Lower-case Latin letters beyond ASCII lie mostly in U+00DF..U+00FF.
    return std::islower(first) != 0 ||
           (first == 0xC3 && text.size() > 1 && static_cast<unsigned char>(text[1]) >= 0x9F);
}

bool ends_like_word(std::string_view text) {
    if (text.empty()) return false;
    const auto last = static_cast<unsigned char>(text.back());
    return std::isalpha(last) != 0 || last >= 0x80;
}

/// "exam-" + "ple" is one word, "F-" + "16" and "X-" + "Ray" are not. A soft hyphen always joins.
void append_line(std::string& paragraph, std::string_view line) {
    constexpr std::string_view kSoftHyphen = "\xC2\xAD";
    if (paragraph.ends_with(kSoftHyphen)) {
        paragraph.resize(paragraph.size() - kSoftHyphen.size());
    } else if (paragraph.ends_with('-') && starts_lower(line) &&
               ends_like_word(std::string_view(paragraph).substr(0, paragraph.size() - 1))) {
        paragraph.pop_back();
    } else if (!paragraph.empty()) {
        paragraph += '\n';
    }
    paragraph += line;
}

std::string info_title(std::string_view info) {
    for (const auto& line : split(info, '\n')) {
        if (line.starts_with("Title:")) return sanitize_utf8(collapse_blanks(line.substr(6)));
    }
    return {};
}

/// Producers put file names there: those are no better than the file's own.
bool is_useful_title(std::string_view title) {
    return !title.empty() && !title.starts_with("Microsoft Word - ") && title != "untitled" && title != "Untitled";
}

/// Puts pages together from their lines; the count of sections goes on from page to page.
class PageWriter {
  public:
    explicit PageWriter(TextBuilder& builder) : builder_(builder) {}

    void add(const Lines& lines, int page) {
        page_ = page;
        Lines paragraph;
        for (const auto& line : lines) {
            if (is_blank_line(line)) {
                add_paragraph(paragraph);
                paragraph.clear();
                continue;
            }
            const TextSpan words = trim_blanks(line, {0, line.size()});
            paragraph.push_back(line.substr(words.start, words.end - words.start));
        }
        add_paragraph(paragraph);
        flush_number();
    }

  private:
    void add_paragraph(const Lines& lines) {
        if (lines.empty()) return;
        if (lines.size() == 1 && is_bare_number(lines[0])) {
            flush_number();
            number_ = lines[0];
            return;
        }
        std::size_t first = 0;
        const std::string joined = number_ + " " + lines[0];
        if (!number_.empty() && takes_heading(joined, lines.size() == 1)) {
            write_heading(joined);
            number_.clear();
            first = 1;
        }
        flush_number();
        std::string text;
        for (std::size_t i = first; i < lines.size(); ++i) {
            if (takes_heading(lines[i], lines.size() == 1)) {
                builder_.add(BlockKind::kParagraph, text, 0, page_);
                text.clear();
                write_heading(lines[i]);
            } else {
                append_line(text, without_leader(lines[i]));
            }
        }
        builder_.add(BlockKind::kParagraph, text, 0, page_);
    }

    /// A number in a box of its own, whose title is the next paragraph.
    static bool is_bare_number(const std::string& line) {
        const NumberedLine numbered = read_numbered(line);
        return !numbered.number.empty() && numbered.title.empty();
    }

    /// Lines among others need two parts at least: "3 apples" continues a sentence.
    static bool is_heading_line(const std::string& line, bool alone) {
        const NumberedLine numbered = read_numbered(line);
        return numbered.number.size() >= (alone ? 1u : 2u) && is_heading_title(numbered.title) && !has_leader(line);
    }

    bool takes_heading(const std::string& line, bool alone) {
        return is_heading_line(line, alone) && order_.take(read_numbered(line).number, alone);
    }

    void write_heading(const std::string& line) {
        builder_.add(BlockKind::kHeading, line, static_cast<int>(read_numbered(line).number.size()), page_);
    }

    void flush_number() {
        builder_.add(BlockKind::kParagraph, number_, 0, page_);
        number_.clear();
    }

    TextBuilder& builder_;
    SectionOrder order_;
    int page_ = 0;
    std::string number_;  ///< bare, the last paragraph
};

}  // namespace

Extraction parse_pdf_text(std::string_view text, std::string_view info) {
    std::string clean = sanitize_utf8(text);
    std::replace(clean.begin(), clean.end(), '\0', ' ');
    std::vector<Lines> pages;
    for (const auto& page : split(clean, '\f')) pages.push_back(split(page, '\n'));
    if (pages.size() > 1) pages.pop_back();  // a form feed ends the last page too
    drop_running_lines(pages);
    Document document{"pdf", info_title(info), {}, {}};
    if (!is_useful_title(document.title)) document.title.clear();
    TextBuilder builder(document);
    PageWriter writer(builder);
    for (std::size_t i = 0; i < pages.size(); ++i) writer.add(pages[i], static_cast<int>(i) + 1);
    if (document.blocks.empty()) {
        return Refusal{"pdf", "the PDF has no text layer (it is scanned)",
                       "Run text recognition (for example ocrmypdf) and drop the result."};
    }
    return document;
}

}  // namespace hearth::ingest
