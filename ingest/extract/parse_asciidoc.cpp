// AsciiDoc: sections, delimited blocks, lists and tables. The text is the file itself.
#include <array>
#include <string>

#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"

namespace hearth::ingest {
namespace {

/// "= Title" is level 1, "== Section" level 2; Markdown's "#" is allowed too.
int section_level(std::string_view words) {
    const char mark = words.empty() ? '\0' : words[0];
    if (mark != '=' && mark != '#') return 0;
    const auto marks = words.find_first_not_of(mark);
    return marks != std::string_view::npos && marks <= 6 && words[marks] == ' ' ? static_cast<int>(marks) : 0;
}

/// The kind of a delimited block, for lines that begin and end one.
std::optional<BlockKind> delimiter_kind(std::string_view words) {
    if (words.size() < 4) return std::nullopt;
    if (words == "|===" || words == "!===" || words == ",===" || words == ":===") return BlockKind::kTable;
    constexpr std::string_view kVerbatim = "-.`/+";
    if (kVerbatim.find(words[0]) == std::string_view::npos ||
        words.find_first_not_of(words[0]) != std::string_view::npos)
        return std::nullopt;
    return BlockKind::kCode;
}

bool is_item(std::string_view words) {
    const auto marks = words.find_first_not_of("*.-");
    const bool marked = marks != std::string_view::npos && marks > 0 && marks <= 5 && words[marks] == ' ' &&
                        words.find_first_not_of(words[0]) == marks;
    return marked || is_list_item(words);
}

}  // namespace

Extraction parse_asciidoc(std::string_view bytes) {
    Extraction extraction = source_document("asciidoc", bytes);
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    SourceBlocks blocks(*document);
    std::string_view open;  // the delimiter that ends the block we are in
    BlockKind kind = BlockKind::kParagraph;
    for (std::size_t at = 0; at < document->text.size();) {
        const Line line = read_line(document->text, at);
        at = line.span.end;
        if (!open.empty()) {
            blocks.add(kind, line.span);
            if (line.words != open) continue;
            open = {};
            blocks.close();
        } else if (const auto begins = delimiter_kind(line.words)) {
            blocks.close();
            kind = *begins;
            open = line.words;
            blocks.add(kind, line.span);
        } else if (const int level = section_level(line.words); level > 0 && line.indent == 0) {
            blocks.heading(line.span, level, line.words.substr(static_cast<std::size_t>(level) + 1));
        } else if (line.words.empty()) {
            blocks.close();
        } else {
            blocks.add(is_item(line.words) ? BlockKind::kListItem : BlockKind::kParagraph, line.span);
        }
    }
    title_from_heading(*document);
    return extraction;
}

}  // namespace hearth::ingest
