#include "ingest/extract/charset.h"
#include "ingest/extract/parsers.h"
#include "ingest/sentences.h"

namespace hearth::ingest {

Extraction parse_text(std::string_view bytes) {
    auto text = to_utf8(bytes);
    if (!text) return Refusal{"text", "the text's encoding is unknown", "Save the file as UTF-8."};
    Document document{"text", {}, std::move(*text), {}};
    const std::string_view view = document.text;
    std::size_t start = view.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    std::size_t end = start;
    const auto flush = [&] {
        const TextSpan span = trim_blanks(view, {start, end});
        if (span.start < span.end) document.blocks.push_back({BlockKind::kParagraph, 0, std::nullopt, span, {}});
    };
    while (end < view.size()) {
        const std::size_t line_end = next_line(view, end, view.size());
        const TextSpan line = trim_blanks(view, {end, line_end});
        const bool blank = line.start == line.end;
        if (blank) flush();
        end = line_end;
        if (blank) start = end;
    }
    flush();
    return document;
}

}  // namespace hearth::ingest
