// YAML, TOML and INI as they stand in the file: sections become headings, the rest stays verbatim beneath them.
#include <algorithm>
#include <vector>

#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kMaxYamlHeadings = 3;

std::string_view unquoted(std::string_view key) {
    const bool quoted = key.size() >= 2 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front();
    return quoted ? key.substr(1, key.size() - 2) : key;
}

/// "key:" with nothing but an anchor, a tag or a comment behind it.
std::string_view opening_key(std::string_view words) {
    const auto colon = words.find(':');
    if (colon == std::string_view::npos || colon == 0) return {};
    const std::string_view key = unquoted(words.substr(0, colon));
    const auto rest = words.find_first_not_of(' ', colon + 1);
    if (rest != std::string_view::npos && words[rest] != '#' && words[rest] != '&' && words[rest] != '!') return {};
    return key.find_first_of("{}[]#\"") == std::string_view::npos ? key : std::string_view();
}

/// "key: |" and "- >-": deeper lines are its text, whatever they look like.
bool opens_scalar(std::string_view words) {
    const auto mark = words.find_last_of("|>");
    if (mark == std::string_view::npos || mark < 2 || words[mark - 1] != ' ') return false;
    return (words[mark - 2] == ':' || words[mark - 2] == '-') &&
           words.substr(mark + 1).find_first_not_of("+-0123456789") == std::string_view::npos;
}

class YamlOutline {
  public:
    explicit YamlOutline(Document& document) : text_(document.text), blocks_(document) {}

    void take(const Line& line) {
        const bool item = line.words.starts_with("- ") || line.words == "-";
        const bool in_scalar = scalar_ && line.indent > *scalar_;
        if (line.words.empty() || line.words.starts_with('#') || in_scalar) return keep(line);
        scalar_.reset();
        if (list_ && (line.indent < *list_ || (line.indent == *list_ && !item))) list_.reset();
        if (item && !list_) list_ = line.indent;
        while (!open_.empty() && (item ? open_.back() > line.indent : open_.back() >= line.indent)) open_.pop_back();
        if (opens_scalar(line.words)) scalar_ = line.indent;
        const std::string_view key = list_ ? std::string_view() : opening_key(line.words);
        if (!key.empty() && open_.size() < kMaxYamlHeadings && has_more(line)) {
            open_.push_back(line.indent);
            return blocks_.heading(line.span, static_cast<int>(open_.size()), key);
        }
        if (item && line.indent == *list_) blocks_.close();
        if (open_.size() != depth_) blocks_.close();
        depth_ = open_.size();
        blocks_.add(BlockKind::kCode, line.span, static_cast<int>(open_.size()) + 1);
    }

  private:
    void keep(const Line& line) {
        if (!line.words.empty()) blocks_.add(BlockKind::kCode, line.span, static_cast<int>(open_.size()) + 1);
    }

    /// Something deeper, or a list, follows.
    bool has_more(const Line& line) const {
        for (std::size_t at = line.span.end; at < text_.size();) {
            const Line next = read_line(text_, at);
            at = next.span.end;
            if (next.words.empty() || next.words.starts_with('#')) continue;
            return next.indent > line.indent || (next.indent == line.indent && next.words.starts_with("- "));
        }
        return false;
    }

    const std::string_view text_;
    SourceBlocks blocks_;
    std::vector<std::size_t> open_;  ///< indents of the headings above
    std::size_t depth_ = 0;
    std::optional<std::size_t> list_;
    std::optional<std::size_t> scalar_;
};

/// "[a.b]" and "[[a.b]]" with a comment behind it at most.
std::string_view section_name(std::string_view words) {
    const std::size_t marks = words.starts_with("[[") ? 2 : 1;
    const auto end = words.find(']');
    if (!words.starts_with('[') || end == std::string_view::npos || end <= marks) return {};
    const auto rest = words.find_first_not_of("] \t", end);
    if (rest != std::string_view::npos && words[rest] != '#' && words[rest] != ';') return {};
    const std::string_view name = words.substr(marks, end - marks);
    return name.find(',') == std::string_view::npos ? name : std::string_view();
}

bool toggles(std::string_view words, std::string_view quotes) {
    bool odd = false;
    for (auto at = words.find(quotes); at != std::string_view::npos; at = words.find(quotes, at + 3)) odd = !odd;
    return odd;
}

}  // namespace

Extraction parse_yaml(std::string_view bytes) {
    Extraction extraction = source_document("yaml", bytes);
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    YamlOutline outline(*document);
    for (std::size_t at = 0; at < document->text.size();) {
        const Line line = read_line(document->text, at);
        outline.take(line);
        at = line.span.end;
    }
    return extraction;
}

Extraction parse_toml(std::string_view bytes) {
    Extraction extraction = source_document("toml", bytes);
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    SourceBlocks blocks(*document);
    bool in_string = false;
    for (std::size_t at = 0; at < document->text.size();) {
        const Line line = read_line(document->text, at);
        at = line.span.end;
        const std::string_view name = in_string ? std::string_view() : section_name(line.words);
        if (toggles(line.words, "\"\"\"") || toggles(line.words, "'''")) in_string = !in_string;
        if (!name.empty())
            blocks.heading(line.span, static_cast<int>(std::count(name.begin(), name.end(), '.')) + 1, name);
        else if (!line.words.empty())
            blocks.add(BlockKind::kCode, line.span);
    }
    return extraction;
}

}  // namespace hearth::ingest
