// The only file that includes md4c. md4c reports structure by callbacks; where a block lies in the file is the range of
// the pieces of text it reports, widened to whole lines.
#include <md4c.h>

#include <algorithm>
#include <functional>

#include "ingest/extract/charset.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/text_builder.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kMaxFrontMatter = 64 << 10;
constexpr std::size_t kMaxHeadingBytes = 512;

struct Collector {
    std::string_view text;  ///< what md4c reads
    std::vector<Block> blocks;
    Block open;
    bool any = false;  ///< `open` has text
    bool in_table = false;

    void start(BlockKind kind, int level) {
        flush();
        open = Block{kind, level, std::nullopt, {}, {}};
    }

    void flush() {
        if (any) {
            open.heading = collapse_blanks(open.heading);
            blocks.push_back(std::move(open));
        }
        open = {};
        any = false;
    }

    void take(const char* piece, std::size_t size) {
        if (open.kind == BlockKind::kHeading && open.heading.size() + size <= kMaxHeadingBytes)
            open.heading.append(piece, size);
        const auto* begin = text.data();
        if (size == 0 || std::less<>()(piece, begin) || !std::less<>()(piece, begin + text.size())) return;
        const auto at = static_cast<std::size_t>(piece - begin);
        if (!any) open.span = {at, at + size};
        open.span.start = std::min(open.span.start, at);
        open.span.end = std::max(open.span.end, at + size);
        any = true;
    }
};

int enter_block(MD_BLOCKTYPE type, void* detail, void* user) {
    auto& to = *static_cast<Collector*>(user);
    if (to.in_table) return 0;
    switch (type) {
        case MD_BLOCK_H:
            to.start(BlockKind::kHeading, static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level));
            break;
        case MD_BLOCK_CODE:
            to.start(BlockKind::kCode, 0);
            break;
        case MD_BLOCK_TABLE:
            to.start(BlockKind::kTable, 0);
            to.in_table = true;
            break;
        case MD_BLOCK_LI:
            to.start(BlockKind::kListItem, 0);
            break;
        case MD_BLOCK_P:
            // The paragraph of a loose item is the item.
            if (to.any || to.open.kind != BlockKind::kListItem) to.start(BlockKind::kParagraph, 0);
            break;
        case MD_BLOCK_TR:
        case MD_BLOCK_TH:
        case MD_BLOCK_TD:
        case MD_BLOCK_THEAD:
        case MD_BLOCK_TBODY:
            break;
        default:
            to.start(BlockKind::kParagraph, 0);
            break;
    }
    return 0;
}

int leave_block(MD_BLOCKTYPE type, void*, void* user) {
    auto& to = *static_cast<Collector*>(user);
    if (to.in_table && type != MD_BLOCK_TABLE) return 0;
    to.in_table = false;
    to.flush();
    return 0;
}

int enter_span(MD_SPANTYPE, void*, void*) {
    return 0;
}

int take_text(MD_TEXTTYPE, const MD_CHAR* piece, MD_SIZE size, void* user) {
    static_cast<Collector*>(user)->take(piece, size);
    return 0;
}

std::size_t line_start(std::string_view text, std::size_t at) {
    const auto newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
}

bool is_fence(std::string_view line) {
    const auto at = line.find_first_not_of(" \t>-*+0123456789.)");
    return at != std::string_view::npos && (line.substr(at).starts_with("```") || line.substr(at).starts_with("~~~"));
}

/// Lines that belong to a block but hold none of its text: fences, the underline of a heading, a table's delimiter row.
void widen(std::string_view text, std::vector<Block>& blocks) {
    std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) { return a.span.start < b.span.start; });
    std::size_t covered = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        Block& block = blocks[i];
        const std::size_t next = i + 1 < blocks.size() ? line_start(text, blocks[i + 1].span.start) : text.size();
        block.span.start = std::max(covered, line_start(text, block.span.start));
        block.span.end = std::max(block.span.start, next_line(text, block.span.end - 1, text.size()));
        if (block.kind == BlockKind::kCode && block.span.start > covered) {
            const std::size_t above = line_start(text, block.span.start - 1);
            if (above >= covered && is_fence(text.substr(above, block.span.start - above))) block.span.start = above;
        }
        const bool has_tail =
            block.kind == BlockKind::kCode || block.kind == BlockKind::kHeading || block.kind == BlockKind::kTable;
        if (has_tail && block.span.end < next) {
            const std::size_t below = next_line(text, block.span.end, text.size());
            const TextSpan line = trim_blanks(text, {block.span.end, below});
            const std::string_view words = text.substr(line.start, line.end - line.start);
            const bool rule = !words.empty() && words.find_first_not_of("=-|: ") == std::string_view::npos;
            if (below <= next && (block.kind == BlockKind::kCode ? is_fence(words) : rule)) block.span.end = below;
        }
        covered = block.span.end;
    }
    std::erase_if(blocks, [](const Block& block) { return block.span.start >= block.span.end; });
}

struct FrontMatter {
    std::size_t end = 0;  ///< first byte after it
    std::string title;
};

std::string unquote(std::string_view value) {
    const TextSpan span = trim_blanks(value, {0, value.size()});
    value = value.substr(span.start, span.end - span.start);
    const bool quoted =
        value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    return std::string(quoted ? value.substr(1, value.size() - 2) : value);
}

FrontMatter read_front_matter(std::string_view text, std::size_t start) {
    FrontMatter found{start, {}};
    const auto line_at = [&](std::size_t at) {
        const TextSpan line = trim_blanks(text, {at, next_line(text, at, text.size())});
        return text.substr(line.start, line.end - line.start);
    };
    if (text.substr(start, 3) != "---" || line_at(start) != "---") return found;
    std::string title;
    for (std::size_t at = next_line(text, start, text.size()); at < text.size() && at < start + kMaxFrontMatter;) {
        const std::string_view line = line_at(at);
        at = next_line(text, at, text.size());
        if (line == "---" || line == "...") return {at, title};
        if (line.starts_with("title:")) title = unquote(line.substr(6));
    }
    return found;
}

}  // namespace

Extraction parse_markdown(std::string_view bytes) {
    auto text = to_utf8(bytes);
    if (!text) return Refusal{"markdown", "the text's encoding is unknown", "Save the file as UTF-8."};
    Document document{"markdown", {}, std::move(*text), {}};
    const std::string_view whole = document.text;
    const std::size_t start = whole.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    const FrontMatter front = read_front_matter(whole, start);
    document.title = front.title;

    Collector collector;
    collector.text = whole.substr(front.end);
    MD_PARSER parser{};
    parser.flags = MD_DIALECT_GITHUB;
    parser.enter_block = enter_block;
    parser.leave_block = leave_block;
    parser.enter_span = enter_span;
    parser.leave_span = enter_span;
    parser.text = take_text;
    const int failed =
        ::md_parse(collector.text.data(), static_cast<MD_SIZE>(collector.text.size()), &parser, &collector);
    if (failed != 0) return Refusal{"markdown", "the Markdown parser ran out of memory", "Split the file."};
    collector.flush();
    widen(collector.text, collector.blocks);

    if (front.end > start) document.blocks.push_back({BlockKind::kCode, 0, std::nullopt, {start, front.end}, {}});
    for (Block& block : collector.blocks) {
        block.span.start += front.end;
        block.span.end += front.end;
        if (block.kind == BlockKind::kTable) block.heading = read_line(whole, block.span.start).words;
        if (document.title.empty() && block.kind == BlockKind::kHeading) document.title = block.heading;
        document.blocks.push_back(std::move(block));
    }
    return document;
}

}  // namespace hearth::ingest
