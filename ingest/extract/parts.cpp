#include "ingest/extract/parts.h"

#include <algorithm>

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

}  // namespace hearth::ingest
