// Org mode: the outline, source blocks, lists and tables. The text is the file itself.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"

namespace hearth::ingest {
namespace {

bool starts_with_word(std::string_view words, std::string_view keyword) {
    return words.size() >= keyword.size() &&
           std::equal(keyword.begin(), keyword.end(), words.begin(),
                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

int outline_level(const Line& line) {
    if (line.indent > 0) return 0;
    const auto stars = line.words.find_first_not_of('*');
    return stars != std::string_view::npos && stars > 0 && line.words[stars] == ' ' ? static_cast<int>(stars) : 0;
}

/// "Ring the baker   :errand:" says "Ring the baker".
std::string_view headline_words(std::string_view words) {
    const auto tags = words.rfind(" :");
    const bool tagged =
        tags != std::string_view::npos && words.ends_with(':') && words.find(' ', tags + 1) == std::string_view::npos;
    return tagged ? words.substr(0, tags) : words;
}

}  // namespace

Extraction parse_org(std::string_view bytes) {
    Extraction extraction = source_document("org", bytes);
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    SourceBlocks blocks(*document);
    bool in_block = false;
    for (std::size_t at = 0; at < document->text.size();) {
        const Line line = read_line(document->text, at);
        at = line.span.end;
        const int level = outline_level(line);
        if (level > 0) {
            in_block = false;
            blocks.heading(line.span, level, headline_words(line.words.substr(static_cast<std::size_t>(level) + 1)));
        } else if (starts_with_word(line.words, "#+begin_")) {
            blocks.close();
            in_block = true;
            blocks.add(BlockKind::kCode, line.span);
        } else if (in_block) {
            blocks.add(BlockKind::kCode, line.span);
            in_block = !starts_with_word(line.words, "#+end_");
            if (!in_block) blocks.close();
        } else if (line.words.empty()) {
            blocks.close();
        } else if (line.words.starts_with('|')) {
            blocks.add(BlockKind::kTable, line.span);
        } else {
            if (document->title.empty() && starts_with_word(line.words, "#+title:")) {
                const std::string_view title = line.words.substr(8);
                document->title = title.substr(std::min(title.find_first_not_of(' '), title.size()));
            }
            blocks.add(is_list_item(line.words) ? BlockKind::kListItem : BlockKind::kParagraph, line.span);
        }
    }
    title_from_heading(*document);
    return extraction;
}

}  // namespace hearth::ingest
