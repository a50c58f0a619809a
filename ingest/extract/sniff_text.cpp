#include "ingest/extract/sniff_text.h"

#include <algorithm>
#include <cctype>

#include "ingest/extract/delimited.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kSampleBytes = 64 << 10;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string_view without_blanks(std::string_view bytes) {
    const TextSpan span = trim_blanks(bytes, {bytes.starts_with("\xEF\xBB\xBF") ? 3u : 0u, bytes.size()});
    return bytes.substr(span.start, span.end - span.start);
}

/// First bytes behind comments and processing instructions.
std::string_view first_tag(std::string_view bytes) {
    std::size_t at = 0;
    for (;;) {
        while (at < bytes.size() && is_blank(bytes[at])) ++at;
        const bool comment = bytes.substr(at, 4) == "<!--";
        if (!comment && bytes.substr(at, 5) != "<?xml") return bytes.substr(at, 16);
        const std::string_view close = comment ? "-->" : "?>";
        const auto end = bytes.find(close, at);
        if (end == std::string_view::npos) return {};
        at = end + close.size();
    }
}

bool starts_like_html(std::string_view body) {
    const std::string head = lower(first_tag(body));
    return head.starts_with("<!doctype html") || head.starts_with("<html") || head.starts_with("<head") ||
           head.starts_with("<body");
}

/// What the first 64 KiB's lines begin with and hold.
struct Signs {
    bool heading = false;
    bool fence = false;
    bool link = false;
    bool directive = false;  ///< ".. note::"
    bool underline = false;  ///< a row of one mark beneath a line of its length
    bool org_keyword = false;
    bool latex_begin = false;
    bool latex_class = false;
};

Signs find_signs(std::string_view bytes) {
    const std::string_view sample = bytes.substr(0, kSampleBytes);
    Signs signs;
    std::size_t above = 0;
    for (std::size_t at = 0; at < sample.size();) {
        const std::size_t end = next_line(sample, at, sample.size());
        const std::string_view line = sample.substr(at, end - at);
        const TextSpan span = trim_blanks(line, {0, line.size()});
        const std::string_view words = line.substr(span.start, span.end - span.start);
        const auto marks = line.find_first_not_of('#');
        signs.heading =
            signs.heading || (marks != std::string_view::npos && marks >= 1 && marks <= 6 && line[marks] == ' ');
        signs.fence = signs.fence || line.starts_with("```");
        signs.link = signs.link || line.find("](") != std::string_view::npos;
        signs.directive = signs.directive || (line.starts_with(".. ") && line.find("::") != std::string_view::npos);
        signs.underline = signs.underline || (words.size() >= 3 && words.size() == above &&
                                              std::string_view("=-~^").find(words[0]) != std::string_view::npos &&
                                              words.find_first_not_of(words[0]) == std::string_view::npos);
        signs.org_keyword = signs.org_keyword || lower(line.substr(0, 8)).starts_with("#+title:") ||
                            lower(line.substr(0, 8)) == "#+begin_";
        signs.latex_class = signs.latex_class || line.starts_with("\\documentclass");
        signs.latex_begin =
            signs.latex_begin || line.starts_with("\\begin{document}") || line.starts_with("\\section{");
        above = words.size();
        at = end;
    }
    return signs;
}

FileKind json_kind(std::string_view body) {
    const bool notebook =
        body.find("\"nbformat\"") != std::string_view::npos && body.find("\"cells\"") != std::string_view::npos;
    return notebook ? FileKind::kNotebook : FileKind::kJson;
}

bool starts_json(std::string_view body) {
    return body.starts_with('{') || body.starts_with('[');
}

bool is_json_lines(std::string_view body) {
    const auto first = body.find('\n');
    if (first == std::string_view::npos || !body.starts_with('{')) return false;
    const std::string_view rest = without_blanks(body.substr(first));
    return is_json(body.substr(0, first)) && is_json(rest.substr(0, rest.find('\n')));
}

/// By what can be nothing else.
std::optional<FileKind> kind_by_content(std::string_view body, const Signs& signs) {
    if (starts_like_html(body)) return FileKind::kHtml;
    if (body.starts_with("<?xml")) return FileKind::kXml;
    if (body.starts_with("{\\rtf")) return FileKind::kRtf;
    if (starts_json(body) && is_json(body)) return json_kind(body);
    if (is_json_lines(body)) return FileKind::kJsonLines;
    if (body.starts_with("%YAML ")) return FileKind::kYaml;
    if (signs.latex_class && signs.latex_begin) return FileKind::kLatex;
    return std::nullopt;
}

std::optional<FileKind> kind_by_ending(std::string_view body, std::string_view suffix) {
    if (is_one_of(suffix, {"html", "htm", "xhtml"}) && body.find('<') != std::string_view::npos) return FileKind::kHtml;
    if (is_one_of(suffix, {"md", "markdown", "mdown", "mkd", "mkdn"})) return FileKind::kMarkdown;
    if (is_one_of(suffix, {"csv", "tsv", "tab"})) return FileKind::kCsv;
    if (is_one_of(suffix, {"jsonl", "ndjson"})) return FileKind::kJsonLines;
    if (is_one_of(suffix, {"yaml", "yml"})) return FileKind::kYaml;
    if (is_one_of(suffix, {"toml", "ini", "cfg", "conf", "desktop", "service"})) return FileKind::kToml;
    if (is_one_of(suffix, {"xml", "xsd", "xsl", "rss", "atom", "opml", "kml", "gpx"}) && body.starts_with('<'))
        return FileKind::kXml;
    if (is_one_of(suffix, {"rst", "rest"})) return FileKind::kRst;
    if (is_one_of(suffix, {"adoc", "asciidoc", "asc"})) return FileKind::kAsciidoc;
    if (is_one_of(suffix, {"tex", "ltx", "latex", "sty"})) return FileKind::kLatex;
    if (suffix == "org") return FileKind::kOrg;
    return std::nullopt;
}

/// By signs that a plain text might bear by chance; the ending says it is one, or nothing.
FileKind kind_by_signs(std::string_view bytes, const Signs& signs, bool plain_name) {
    if (!plain_name) return FileKind::kText;
    if ((signs.heading ? 1 : 0) + (signs.fence ? 1 : 0) + (signs.link ? 1 : 0) >= 2) return FileKind::kMarkdown;
    if (signs.directive && signs.underline) return FileKind::kRst;
    if (signs.org_keyword) return FileKind::kOrg;
    if (reads_like_table(bytes)) return FileKind::kCsv;
    return FileKind::kText;
}

}  // namespace

Sniffed sniff_text(std::string_view bytes, std::string_view suffix) {
    const std::string_view body = without_blanks(bytes);
    const Signs signs = find_signs(bytes);
    if (const auto kind = kind_by_content(body, signs)) return {*kind, {}, nullptr};
    if (const auto kind = kind_by_ending(body, suffix)) return {*kind, {}, nullptr};
    if (const Language* language = find_language(bytes, suffix)) return {FileKind::kCode, {}, language};
    return {kind_by_signs(bytes, signs, suffix.empty() || suffix == "txt"), {}, nullptr};
}

}  // namespace hearth::ingest
