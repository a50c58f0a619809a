#include <algorithm>
#include <array>
#include <cctype>

#include "ingest/extract/charset.h"
#include "ingest/extract/parsers.h"
#include "ingest/file_name.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::string_view kReadable = "hearth reads Markdown, text, HTML, PDF and Word (.docx) files.";

struct Magic {
    std::string_view bytes;
    const char* reason;
    const char* remedy;
};

constexpr std::array<Magic, 9> kMagics = {{
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old or password-protected Office file",
     "Open it in an office program and save it as .docx or PDF without a password."},
    {"{\\rtf", "a Rich Text file", "Open it in an office program and save it as .docx or PDF."},
    {"\x89PNG\r\n", "a picture", "Run text recognition (OCR) and drop the resulting PDF or text."},
    {"\xFF\xD8\xFF", "a picture", "Run text recognition (OCR) and drop the resulting PDF or text."},
    {"GIF8", "a picture", "Run text recognition (OCR) and drop the resulting PDF or text."},
    {"\x1F\x8B", "a gzip archive", "Unpack it into the folder."},
    {"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", "Unpack it into the folder."},
    {"Rar!\x1A\x07", "a RAR archive", "Unpack it into the folder."},
    {"\x7F"
     "ELF",
     "a program", ""},
}};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string ending(std::string_view name) {
    const auto base = base_name(name);
    const auto dot = base.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? std::string() : lower(base.substr(dot + 1));
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool starts_like_html(std::string_view bytes) {
    std::size_t at = bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    for (;;) {
        while (at < bytes.size() && is_blank(bytes[at])) ++at;
        const bool comment = bytes.substr(at, 4) == "<!--";
        if (!comment && bytes.substr(at, 5) != "<?xml") break;
        const std::string_view close = comment ? "-->" : "?>";
        const auto end = bytes.find(close, at);
        if (end == std::string_view::npos) return false;
        at = end + close.size();
    }
    const std::string head = lower(bytes.substr(at, 16));
    return head.starts_with("<!doctype html") || head.starts_with("<html") || head.starts_with("<head") ||
           head.starts_with("<body");
}

/// Two different signs of Markdown among the first 64 KiB's lines.
bool reads_like_markdown(std::string_view bytes) {
    const std::string_view sample = bytes.substr(0, 64 << 10);
    bool heading = false;
    bool fence = false;
    bool link = false;
    for (std::size_t at = 0; at < sample.size();) {
        const std::size_t end = next_line(sample, at, sample.size());
        const std::string_view line = sample.substr(at, end - at);
        const auto marks = line.find_first_not_of('#');
        heading = heading || (marks != std::string_view::npos && marks >= 1 && marks <= 6 && line[marks] == ' ');
        fence = fence || line.starts_with("```");
        link = link || line.find("](") != std::string_view::npos;
        at = end;
    }
    return (heading ? 1 : 0) + (fence ? 1 : 0) + (link ? 1 : 0) >= 2;
}

Sniffed refused(std::string reason, std::string remedy) {
    return {FileKind::kRefused,
            {"unknown", std::move(reason), remedy.empty() ? std::string(kReadable) : std::move(remedy)}};
}

}  // namespace

bool is_pdf(std::string_view bytes) noexcept {
    return bytes.substr(0, 1024).find("%PDF-") != std::string_view::npos;
}

Sniffed sniff(std::string_view bytes, std::string_view name) {
    if (bytes.empty()) return refused("the file is empty", "Write something into it, or delete it.");
    if (is_pdf(bytes)) return {FileKind::kPdf, {}};
    if (bytes.starts_with(std::string_view("PK\x03\x04", 4))) return {FileKind::kDocx, {}};
    for (const Magic& magic : kMagics) {
        if (bytes.starts_with(magic.bytes)) return refused(magic.reason, magic.remedy);
    }
    if (!looks_like_text(bytes)) return refused("a binary file of an unknown kind", "");
    if (starts_like_html(bytes)) return {FileKind::kHtml, {}};
    const std::string suffix = ending(name);
    if (is_one_of(suffix, {"html", "htm", "xhtml"}) && bytes.find('<') != std::string_view::npos)
        return {FileKind::kHtml, {}};
    if (is_one_of(suffix, {"md", "markdown", "mdown", "mkd", "mkdn"})) return {FileKind::kMarkdown, {}};
    if (suffix.empty() && reads_like_markdown(bytes)) return {FileKind::kMarkdown, {}};
    return {FileKind::kText, {}};
}

Extraction finish(Extraction extraction, std::string_view name, const ParseLimits& limits) {
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    if (document->text.size() > limits.max_text_bytes) {
        return Refusal{document->type,
                       "the file holds more than " + std::to_string(limits.max_text_bytes >> 20) + " MiB of text",
                       "Split the file."};
    }
    const std::size_t start = document->text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    if (trim_blanks(document->text, {start, document->text.size()}).start >= document->text.size()) {
        return Refusal{document->type, "the file holds no text", "Write something into it, or delete it."};
    }
    if (document->title.empty()) document->title = file_stem(name);
    return extraction;
}

Extraction extract_bytes(std::string_view bytes, std::string_view name, const ParseLimits& limits) {
    const Sniffed sniffed = sniff(bytes, name);
    switch (sniffed.kind) {
        case FileKind::kMarkdown:
            return finish(parse_markdown(bytes), name, limits);
        case FileKind::kText:
            return finish(parse_text(bytes), name, limits);
        case FileKind::kHtml:
            return finish(parse_html(bytes), name, limits);
        case FileKind::kDocx:
            return finish(parse_docx(bytes), name, limits);
        case FileKind::kPdf:
            return Refusal{"pdf", "a PDF cannot be read without its converter", "Install poppler-utils."};
        case FileKind::kRefused:
            break;
    }
    return sniffed.refusal;
}

}  // namespace hearth::ingest
