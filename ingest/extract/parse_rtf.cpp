// Rich Text Format: paragraphs, headings by style or outline level, lists, table rows.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/utf8.h"
#include "ingest/extract/charset.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/rtf_tokens.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/table.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kMaxGroups = 1000;

/// Groups that hold no text of the document.
const std::set<std::string_view>& skipped_groups() {
    static const std::set<std::string_view> kNames = {"fonttbl",
                                                      "colortbl",
                                                      "pict",
                                                      "object",
                                                      "header",
                                                      "headerl",
                                                      "headerr",
                                                      "headerf",
                                                      "footer",
                                                      "footerl",
                                                      "footerr",
                                                      "footerf",
                                                      "ftnsep",
                                                      "ftnsepc",
                                                      "listtable",
                                                      "listoverridetable",
                                                      "revtbl",
                                                      "rsidtbl",
                                                      "generator",
                                                      "themedata",
                                                      "colorschememapping",
                                                      "datastore",
                                                      "latentstyles",
                                                      "filetbl",
                                                      "fldinst",
                                                      "nonshppict",
                                                      "pntext",
                                                      "listtext",
                                                      "xmlnstbl",
                                                      "userprops",
                                                      "author",
                                                      "operator",
                                                      "company",
                                                      "keywords",
                                                      "comment",
                                                      "doccomm",
                                                      "subject",
                                                      "category",
                                                      "manager",
                                                      "hlinkbase",
                                                      "bkmkstart",
                                                      "bkmkend",
                                                      "wgrffmtfilter",
                                                      "mmathPr"};
    return kNames;
}

/// State that a group inherits and its end restores.
struct Group {
    bool skipped = false;
    bool style_sheet = false;
    bool title = false;  ///< in \info
    bool hidden = false;
    int unicode_skip = 1;
    bool group_start = true;  ///< nothing of it was read yet
    bool star = false;        ///< began with \*
};

struct Paragraph {
    int style = 0;
    int outline = 0;  ///< 1 .. 6
    bool list = false;
    bool in_table = false;
};

class RtfReader {
  public:
    RtfReader(Document& document, std::string_view bytes) : document_(document), builder_(document), tokens_(bytes) {}

    bool read() {
        for (RtfToken token = tokens_.next(); token.kind != RtfToken::Kind::kEnd; token = tokens_.next()) {
            switch (token.kind) {
                case RtfToken::Kind::kOpen:
                    if (groups_.size() >= kMaxGroups) return false;
                    groups_.push_back(groups_.back());
                    group().group_start = true;
                    group().star = false;
                    break;
                case RtfToken::Kind::kClose:
                    close_group();
                    break;
                case RtfToken::Kind::kWord:
                    word(token);
                    break;
                case RtfToken::Kind::kSymbol:
                    symbol(token.symbol);
                    break;
                case RtfToken::Kind::kByte:
                    if (!eat_fallback()) bytes_ += static_cast<char>(token.parameter.value_or(' '));
                    break;
                default:
                    plain(token.text);
            }
        }
        end_paragraph();
        return true;
    }

  private:
    Group& group() { return groups_.back(); }

    void close_group() {
        take_bytes();
        if (group().style_sheet && groups_.size() > 1 && !style_name_.empty()) name_style();
        if (groups_.size() > 1) groups_.pop_back();
        fallback_left_ = 0;
    }

    /// \uN is followed by what older readers show instead.
    bool eat_fallback() {
        group().group_start = false;
        if (fallback_left_ == 0) return false;
        --fallback_left_;
        return true;
    }

    void plain(std::string_view text) {
        group().group_start = false;
        const auto eaten = std::min(static_cast<std::size_t>(fallback_left_), text.size());
        fallback_left_ -= static_cast<int>(eaten);
        bytes_ += text.substr(eaten);
    }

    void symbol(char c) {
        if (c == '*') {
            group().star = true;
            return;
        }
        if (eat_fallback()) return;
        take_bytes();
        if (c == '~')
            put("\u00A0");
        else if (c == '_')
            put("-");
        else if (c == '\\' || c == '{' || c == '}')
            put(std::string_view(&c, 1));
        else if (c == '\n' || c == '\r')
            end_paragraph();
    }

    void word(const RtfToken& token) {
        take_bytes();
        const bool first = group().group_start;
        group().group_start = false;
        if (token.text == "bin")
            return tokens_.skip(static_cast<std::size_t>(std::max(token.parameter.value_or(0), 0)));
        if (first && begin_destination(token.text)) return;
        if (token.text == "u") return unicode(token.parameter.value_or(' '));
        if (token.text == "uc") {
            group().unicode_skip = std::clamp(token.parameter.value_or(1), 0, 16);
        } else if (token.text == "ansicpg") {
            codepage_ = "windows-" + std::to_string(token.parameter.value_or(1252));
            if (token.parameter == 65001) codepage_ = "UTF-8";
        } else if (token.text == "v") {
            group().hidden = token.parameter.value_or(1) != 0;
        } else if (group().style_sheet) {
            style_word(token);
        } else if (!group().skipped) {
            paragraph_word(token);
        }
    }

    /// True when the group is one whose words are not the document's.
    bool begin_destination(std::string_view name) {
        if (name == "stylesheet") {
            group().style_sheet = true;
            return true;
        }
        if (name == "title") {
            group().title = true;
            return true;
        }
        const bool shown = name == "shptxt" || name == "shppict" || name == "s" || name == "cs";
        if (skipped_groups().contains(name) || (group().star && !shown && !group().style_sheet)) {
            group().skipped = true;
            return true;
        }
        return false;
    }

    void style_word(const RtfToken& token) {
        if (token.text == "s") style_number_ = token.parameter.value_or(0);
        if (token.text == "outlinelevel") style_outline_ = token.parameter.value_or(9) + 1;
    }

    void name_style() {
        std::string name = collapse_blanks(style_name_.substr(0, style_name_.find(';')));
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        int level = style_outline_ >= 1 && style_outline_ <= 9 ? std::min(style_outline_, 6) : 0;
        if (name.starts_with("heading ") && name.size() == 9 && name[8] >= '1' && name[8] <= '9')
            level = std::min(name[8] - '0', 6);
        if (name == "title") level = 1;
        styles_[style_number_] = level;
        if (name == "title") title_style_ = style_number_;
        style_name_.clear();
        style_number_ = style_outline_ = 0;
    }

    void paragraph_word(const RtfToken& token) {
        const std::string_view name = token.text;
        if (name == "par" || name == "sect") return end_paragraph();
        if (name == "cell" || name == "nestcell") return end_cell();
        if (name == "row" || name == "nestrow") return end_row();
        if (name == "pard") paragraph_ = {};
        if (name == "intbl") paragraph_.in_table = true;
        if (name == "s") paragraph_.style = token.parameter.value_or(0);
        if (name == "ls" || name == "pnlvlblt" || name == "pnlvlbody")
            paragraph_.list = token.parameter.value_or(1) != 0;
        if (name == "outlinelevel") paragraph_.outline = std::clamp(token.parameter.value_or(9) + 1, 0, 10);
        static const std::map<std::string_view, std::string_view> kCharacters = {
            {"tab", "\t"},        {"line", "\n"},       {"emdash", "\u2014"},    {"endash", "\u2013"},
            {"lquote", "\u2018"}, {"rquote", "\u2019"}, {"ldblquote", "\u201C"}, {"rdblquote", "\u201D"},
            {"bullet", "\u2022"}, {"emspace", " "},     {"enspace", " "}};
        const auto found = kCharacters.find(name);
        if (found != kCharacters.end()) put(found->second);
    }

    void unicode(int value) {
        if (value < 0) value += 65536;
        fallback_left_ = group().unicode_skip;
        if (value >= 0xD800 && value < 0xDC00) {
            high_surrogate_ = value;
            return;
        }
        char32_t point = static_cast<char32_t>(value);
        if (value >= 0xDC00 && value < 0xE000 && high_surrogate_ != 0)
            point = 0x10000 + ((static_cast<char32_t>(high_surrogate_) - 0xD800) << 10) + (point - 0xDC00);
        high_surrogate_ = 0;
        std::string out;
        append_utf8(out, point);
        put(out);
    }

    void take_bytes() {
        if (bytes_.empty()) return;
        const bool ascii =
            std::all_of(bytes_.begin(), bytes_.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
        const auto text = ascii ? std::optional(bytes_) : to_utf8(bytes_, codepage_);
        if (text) put(*text);
        bytes_.clear();
    }

    void put(std::string_view text) {
        if (group().skipped || group().hidden) return;
        if (group().style_sheet)
            style_name_ += text;
        else if (group().title)
            document_.title += text;
        else
            text_ += text;
    }

    void end_paragraph() {
        take_bytes();
        if (paragraph_.in_table) {
            text_ += ' ';
            return;
        }
        write_rows(builder_, std::exchange(rows_, {}));
        const auto style = styles_.find(paragraph_.style);
        int level = style == styles_.end() ? 0 : style->second;
        if (paragraph_.outline >= 1 && paragraph_.outline <= 9) level = std::min(paragraph_.outline, 6);
        const std::string words = collapse_blanks(text_);
        if (title_style_ != 0 && paragraph_.style == title_style_ && document_.title.empty()) document_.title = words;
        if (level > 0)
            builder_.add(BlockKind::kHeading, words, level);
        else if (paragraph_.list && !words.empty())
            builder_.add(BlockKind::kListItem, "- " + words);
        else
            builder_.add(BlockKind::kParagraph, text_);
        text_.clear();
    }

    void end_cell() {
        cells_.push_back(collapse_blanks(text_));
        text_.clear();
    }

    void end_row() {
        rows_.push_back(std::move(cells_));
        cells_.clear();
    }

    Document& document_;
    TextBuilder builder_;
    RtfTokens tokens_;
    std::vector<Group> groups_ = {{}};
    Paragraph paragraph_;
    std::string codepage_ = "windows-1252";
    std::string bytes_;  ///< of the code page, not decoded yet
    std::string text_;   ///< of the paragraph or cell
    Row cells_;
    std::vector<Row> rows_;  ///< of the table that goes on
    int fallback_left_ = 0;
    int high_surrogate_ = 0;
    std::map<int, int> styles_;  ///< number to heading level
    int title_style_ = 0;
    std::string style_name_;
    int style_number_ = 0;
    int style_outline_ = 0;
};

}  // namespace

Extraction parse_rtf(std::string_view bytes) {
    Document document{"rtf", {}, {}, {}};
    if (!RtfReader(document, bytes).read())
        return Refusal{"rtf", "the file is nested deeper than any office program writes",
                       "Save it again in an office program."};
    document.title = collapse_blanks(document.title);
    title_from_heading(document);
    return document;
}

}  // namespace hearth::ingest
