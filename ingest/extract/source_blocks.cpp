#include "ingest/extract/source_blocks.h"

#include <algorithm>
#include <cctype>

#include "core/utf8.h"
#include "ingest/extract/charset.h"
#include "ingest/extract/text_builder.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kMaxHeadingBytes = 512;

}  // namespace

Line read_line(std::string_view text, std::size_t at) noexcept {
    Line line{{at, next_line(text, at, text.size())}, 0, {}};
    const TextSpan words = trim_blanks(text, line.span);
    line.words = text.substr(words.start, words.end - words.start);
    for (std::size_t i = at; i < words.start; ++i)
        line.indent = text[i] == '\t' ? (line.indent / 8 + 1) * 8 : line.indent + 1;
    return line;
}

bool is_list_item(std::string_view words) noexcept {
    if (words.size() < 3) return false;
    if ((words[0] == '-' || words[0] == '*' || words[0] == '+') && words[1] == ' ') return true;
    std::size_t at = 0;
    while (at < words.size() && at < 4 && std::isdigit(static_cast<unsigned char>(words[at])) != 0) ++at;
    if (at == 0 && (words[0] == '#' || std::isalpha(static_cast<unsigned char>(words[0])) != 0)) at = 1;
    return at > 0 && at + 1 < words.size() && (words[at] == '.' || words[at] == ')') && words[at + 1] == ' ';
}

void SourceBlocks::heading(TextSpan lines, int level, std::string_view words) {
    Block block{BlockKind::kHeading, std::clamp(level, 1, 6), std::nullopt, lines, {}};
    block.heading = collapse_blanks(words.substr(0, utf8_floor(words, kMaxHeadingBytes)));
    document_.blocks.push_back(std::move(block));
    open_ = false;
}

void SourceBlocks::add(BlockKind kind, TextSpan lines, int level) {
    if (lines.start >= lines.end) return;
    if (open_ && document_.blocks.back().kind == kind && kind != BlockKind::kListItem) {
        document_.blocks.back().span.end = lines.end;
        return;
    }
    document_.blocks.push_back({kind, std::clamp(level, 0, 6), std::nullopt, lines, {}});
    open_ = true;
}

Extraction source_document(const char* type, std::string_view bytes) {
    auto text = to_utf8(bytes);
    if (!text) return Refusal{type, "the text's encoding is unknown", "Save the file as UTF-8."};
    return Document{type, {}, std::move(*text), {}};
}

void title_from_heading(Document& document) {
    if (!document.title.empty()) return;
    const auto heading = std::find_if(document.blocks.begin(), document.blocks.end(),
                                      [](const Block& block) { return block.kind == BlockKind::kHeading; });
    if (heading != document.blocks.end()) document.title = heading->heading;
}

}  // namespace hearth::ingest
