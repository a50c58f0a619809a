// One parser per type. They run inside hearth-extract only, behind its sandbox, and see nothing but bytes.
#pragma once

#include <string>
#include <string_view>

#include "ingest/document.h"
#include "ingest/extract/languages.h"

namespace hearth::ingest {

enum class FileKind {
    kMarkdown,
    kText,
    kHtml,
    kPdf,
    kZip,
    kTar,
    kMail,
    kMailbox,
    kCsv,
    kJson,
    kJsonLines,
    kNotebook,
    kYaml,
    kToml,
    kXml,
    kRst,
    kAsciidoc,
    kLatex,
    kOrg,
    kRtf,
    kCode,
    kRefused
};

struct Sniffed {
    FileKind kind = FileKind::kText;
    Refusal refusal;                     ///< kRefused only
    const Language* language = nullptr;  ///< kCode only
};

/// The kind by content first (magic bytes, the first tag, whole JSON, rows of equal width, a format's own signs); the
/// name's ending decides between formats that any text may be.
Sniffed sniff(std::string_view bytes, std::string_view name);

struct ParseLimits {
    std::size_t max_text_bytes = 200u << 20;
    int nesting = 5;  ///< files inside files; an archive counts twice
};

/// Blocks are paragraphs between blank lines.
Extraction parse_text(std::string_view bytes);
/// Text is the file itself when it is UTF-8; blocks are found by md4c. Title: front matter, else the first heading.
Extraction parse_markdown(std::string_view bytes);
/// Text is what a reader sees, without navigation, scripts and page furniture. Table cells are joined by " | ".
Extraction parse_html(std::string_view bytes);
/// Word files: paragraphs, headings by style, lists, tables.
Extraction parse_docx(std::string_view bytes);
/// Slides in order: title, lists, tables, notes. The page is the slide's number.
Extraction parse_pptx(std::string_view bytes);
/// Sheets in order, cells as shown, formulas by their last value. The page is the sheet's number.
Extraction parse_xlsx(std::string_view bytes);
/// OpenDocument text, spreadsheets and presentations.
Extraction parse_odf(std::string_view bytes);
/// Chapters in reading order.
Extraction parse_epub(std::string_view bytes);
/// One message (RFC 5322 and MIME), or a page saved as .mhtml: headers, the body that reads best, attachments that can
/// be read beneath their names.
Extraction parse_mail(std::string_view bytes, const ParseLimits& limits);
/// Messages behind "From " lines.
Extraction parse_mailbox(std::string_view bytes, const ParseLimits& limits);
/// By what lies in the archive: any of the office formats, EPUB, else a folder whose files stand beneath their paths.
/// `name` is the archive's.
Extraction parse_zip(std::string_view bytes, std::string_view name, const ParseLimits& limits);
/// Tar archives and single files, compressed or not.
Extraction parse_tar(std::string_view bytes, std::string_view name, const ParseLimits& limits);
/// Rows of a delimited file beneath its columns' names, and what they add up to.
Extraction parse_csv(std::string_view bytes);
/// Lines "path: value" beneath the objects' names. What is no JSON after all is read as text.
Extraction parse_json_text(std::string_view bytes);
/// A paragraph for each line's value.
Extraction parse_json_lines(std::string_view bytes);
/// RFC 8259, 256 levels deep at most; a byte order mark is passed over.
bool is_json(std::string_view text);
/// Jupyter: Markdown, code and what it printed.
Extraction parse_notebook(std::string_view bytes);
/// The file itself; keys that open a mapping are headings, three levels deep.
Extraction parse_yaml(std::string_view bytes);
/// TOML and INI: the file itself; sections are headings.
Extraction parse_toml(std::string_view bytes);
/// Lines "path: value" for records, paragraphs for running text. What is not well-formed is read as text.
Extraction parse_xml(std::string_view bytes);
/// The file itself, with its sections, lists, tables and code.
Extraction parse_rst(std::string_view bytes);
Extraction parse_asciidoc(std::string_view bytes);
Extraction parse_latex(std::string_view bytes);
Extraction parse_org(std::string_view bytes);
Extraction parse_rtf(std::string_view bytes);
/// The file itself; definitions are headings.
Extraction parse_code(std::string_view bytes, const Language& language);
/// `text` is what pdftotext wrote (pages end with a form feed), `info` what pdfinfo wrote. Drops lines repeated at the
/// top or bottom of most pages, joins words hyphenated at line ends, takes lines whose section number is the next one
/// for headings, lines of a table of contents never.
Extraction parse_pdf_text(std::string_view text, std::string_view info);

/// "%PDF-" within the first 1024 bytes, where readers look for it.
bool is_pdf(std::string_view bytes) noexcept;

/// sniff, then the parser (all but PDF, which needs its converter first), then what holds for all of them: a file
/// without words is refused, an empty title becomes the file's name.
Extraction extract_bytes(std::string_view bytes, std::string_view name, const ParseLimits& limits);
Extraction finish(Extraction extraction, std::string_view name, const ParseLimits& limits);

}  // namespace hearth::ingest
