#include "ingest/extract/parts.h"

#include <algorithm>

#include "core/utf8.h"
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
    for (PackedTable table : part.tables) {
        if (into.tables.size() >= kMaxTables) break;
        table.start = moved(table.start);
        table.end = moved(table.end);
        into.tables.push_back(std::move(table));
    }
}

namespace {

/// The file's name without folders and ending, before the names of the tables in it.
void name_tables(Document& part, std::string_view name) {
    name = name.substr(name.find_last_of('/') + 1);
    name = name.substr(0, name.find_last_of('.'));
    for (PackedTable& table : part.tables) {
        table.name = clean_text(name) + (table.name.empty() ? "" : " ") + table.name;
        table.name.resize(utf8_floor(table.name, kMaxTableNameBytes));
    }
}

}  // namespace

bool append_file(Document& into, std::string_view bytes, const std::string& name, const std::string& heading, int level,
                 ParseLimits limits) {
    TextBuilder builder(into);
    builder.add(BlockKind::kHeading, heading, level);
    --limits.nesting;
    Extraction content = limits.nesting > 0
                             ? extract_bytes(bytes, name, limits)
                             : Extraction(Refusal{"unknown", "it lies too deep inside other files", {}, false});
    if (const auto* refusal = std::get_if<Refusal>(&content)) {
        builder.add(BlockKind::kParagraph, "Not read: " + refusal->reason + ".");
        return false;
    }
    auto& part = std::get<Document>(content);
    name_tables(part, name);
    append_part(into, part, level);
    return true;
}

}  // namespace hearth::ingest
