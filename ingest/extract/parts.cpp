#include "ingest/extract/parts.h"

#include <algorithm>

#include "ingest/extract/text_builder.h"

namespace hearth::ingest {

void append_part(Document& into, const Document& part, int deeper) {
    const std::string_view mark = part.text.starts_with("\xEF\xBB\xBF") ? "\xEF\xBB\xBF" : "";
    if (!into.text.empty()) into.text += into.text.ends_with('\n') ? "\n" : "\n\n";
    const std::size_t start = into.text.size();
    into.text += std::string_view(part.text).substr(mark.size());
    const auto moved = [&](std::size_t at) { return start + (at > mark.size() ? at - mark.size() : 0); };
    for (Block block : part.blocks) {
        block.span = {moved(block.span.start), moved(block.span.end)};
        if (block.level > 0) block.level = std::min(block.level + deeper, 6);
        into.blocks.push_back(std::move(block));
    }
}

bool append_file(Document& into, std::string_view bytes, const std::string& name, const std::string& heading, int level,
                 ParseLimits limits) {
    TextBuilder builder(into);
    builder.add(BlockKind::kHeading, heading, level);
    --limits.nesting;
    const Extraction content = limits.nesting > 0
                                   ? extract_bytes(bytes, name, limits)
                                   : Extraction(Refusal{"unknown", "it lies too deep inside other files", {}, false});
    if (const auto* refusal = std::get_if<Refusal>(&content)) {
        builder.add(BlockKind::kParagraph, "Not read: " + refusal->reason + ".");
        return false;
    }
    append_part(into, std::get<Document>(content), level);
    return true;
}

}  // namespace hearth::ingest
