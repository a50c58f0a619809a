#include "ingest/extract/text_builder.h"

#include <algorithm>

#include "core/utf8.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

/// Leaves out U+E0000 .. U+E007F, in UTF-8: F3 A0 80 xx and F3 A0 81 xx.
void append_visible(std::string& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto tag = text.find("\xF3\xA0", i);
        const bool invisible = tag != std::string_view::npos && tag + 3 < text.size() &&
                               (text[tag + 2] == '\x80' || text[tag + 2] == '\x81');
        const std::size_t end = tag == std::string_view::npos ? text.size() : invisible ? tag : tag + 2;
        out.append(text.substr(i, end - i));
        i = invisible ? end + 4 : end;
    }
}

bool has_no_bad_bytes(std::string_view text) {
    return is_valid_utf8(text) && text.find('\0') == std::string_view::npos;
}

void append_clean(std::string& out, std::string_view text) {
    if (has_no_bad_bytes(text)) return append_visible(out, text);
    std::string mended = sanitize_utf8(text);
    std::replace(mended.begin(), mended.end(), '\0', ' ');
    append_visible(out, mended);
}

}  // namespace

void TextBuilder::add(BlockKind kind, std::string_view text, int level, std::optional<int> page) {
    const TextSpan trimmed = trim_blanks(text, {0, text.size()});
    if (trimmed.start == trimmed.end) return;
    const bool row = kind == BlockKind::kTable;
    const Block* last = document_.blocks.empty() ? nullptr : &document_.blocks.back();
    const bool like_last = last != nullptr && last->kind == kind && last->page == page;
    const bool joins_table = row && in_table_ && like_last;
    const bool close = joins_table || (kind == BlockKind::kListItem && like_last);
    if (last != nullptr) document_.text += close ? "\n" : "\n\n";
    const std::size_t start = document_.text.size();
    append_clean(document_.text, text.substr(trimmed.start, trimmed.end - trimmed.start));
    in_table_ = row;
    if (joins_table) {
        document_.blocks.back().span.end = document_.text.size();
        return;
    }
    Block block{kind, level, page, {start, document_.text.size()}, row ? columns_ : std::string()};
    if (kind == BlockKind::kHeading) block.heading = collapse_blanks(document_.text.substr(start));
    document_.blocks.push_back(std::move(block));
}

void TextBuilder::keep_table(PackedTable table) {
    if (document_.tables.size() >= kMaxTables || document_.blocks.empty()) return;
    std::size_t bytes = table.rows.size();
    for (const PackedTable& kept : document_.tables) bytes += kept.rows.size();
    if (bytes > kMaxTablesBytes) {
        table.too_large = true;
        table.rows = std::string();
    }
    const TextSpan span = document_.blocks.back().span;
    table.start = span.start;
    table.end = span.end;
    document_.tables.push_back(std::move(table));
}

std::string clean_text(std::string_view text) {
    std::string out;
    append_clean(out, text);
    return out;
}

bool is_clean_text(std::string_view text) {
    return has_no_bad_bytes(text) && text.find("\xF3\xA0") == std::string_view::npos;
}

std::string collapse_blanks(std::string_view text) {
    std::string out;
    bool gap = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_blank(text[i])) {
            gap = true;
        } else if (text.substr(i, 2) == "\xC2\xA0") {
            gap = true;
            ++i;
        } else {
            if (gap && !out.empty()) out += ' ';
            gap = false;
            out += text[i];
        }
    }
    return out;
}

}  // namespace hearth::ingest
