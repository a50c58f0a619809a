// Source code: the tree of its definitions as headings. The text is the file itself.
#include "ingest/extract/definitions.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"

namespace hearth::ingest {

Extraction parse_code(std::string_view bytes, const Language& language) {
    Extraction extraction = source_document("code", bytes);
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    SourceBlocks blocks(*document);
    std::size_t covered = document->text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    std::vector<std::size_t> ends;  // of the definitions we are in
    const auto code_until = [&](std::size_t at) {
        while (covered < at) {
            while (!ends.empty() && ends.back() <= covered) ends.pop_back();
            const std::size_t end = ends.empty() ? at : std::min(ends.back(), at);
            blocks.close();
            blocks.add(BlockKind::kCode, {covered, end}, static_cast<int>(ends.size()) + 1);
            covered = end;
        }
        while (!ends.empty() && ends.back() <= covered) ends.pop_back();
    };
    for (const Definition& definition : find_definitions(document->text, language)) {
        const std::size_t start = std::max(covered, definition.head.start);
        code_until(start);
        const std::size_t head_end = std::max(start, definition.head.end);
        if (head_end > start) blocks.heading({start, head_end}, static_cast<int>(ends.size()) + 1, definition.name);
        covered = head_end;
        ends.push_back(ends.empty() ? definition.end : std::min(definition.end, ends.back()));
    }
    code_until(document->text.size());
    return extraction;
}

}  // namespace hearth::ingest
