// One parser per type. They run inside hearth-extract only, behind its sandbox, and see nothing but bytes.
#pragma once

#include <string>
#include <string_view>

#include "ingest/document.h"

namespace hearth::ingest {

enum class FileKind { kMarkdown, kText, kHtml, kPdf, kDocx, kRefused };

struct Sniffed {
    FileKind kind = FileKind::kText;
    Refusal refusal;  ///< kRefused only
};

/// The kind by content first (magic bytes, HTML's first tag, Markdown's signs), by the name's ending second.
Sniffed sniff(std::string_view bytes, std::string_view name);

struct ParseLimits {
    std::size_t max_text_bytes = 200u << 20;
};

/// Blocks are paragraphs between blank lines.
Extraction parse_text(std::string_view bytes);
/// Text is the file itself when it is UTF-8; blocks are found by md4c. Title: front matter, else the first heading.
Extraction parse_markdown(std::string_view bytes);
/// Text is what a reader sees, without navigation, scripts and page furniture. Table cells are joined by " | ".
Extraction parse_html(std::string_view bytes);
/// Office Open XML text: paragraphs, headings by style, lists, tables.
Extraction parse_docx(std::string_view bytes);
/// `text` is what pdftotext wrote (pages end with a form feed), `info` what pdfinfo wrote. Drops lines repeated at the
/// top or bottom of most pages, joins words hyphenated at line ends, takes numbered lines that stand alone for
/// headings.
Extraction parse_pdf_text(std::string_view text, std::string_view info);

/// "%PDF-" within the first 1024 bytes, where readers look for it.
bool is_pdf(std::string_view bytes) noexcept;

/// sniff, then the parser (all but PDF, which needs its converter first), then what holds for all of them: a file
/// without words is refused, an empty title becomes the file's name.
Extraction extract_bytes(std::string_view bytes, std::string_view name, const ParseLimits& limits);
Extraction finish(Extraction extraction, std::string_view name, const ParseLimits& limits);

}  // namespace hearth::ingest
