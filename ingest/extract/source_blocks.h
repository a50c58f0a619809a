// For formats whose text is the file itself: its lines, and the blocks they add up to.
#pragma once

#include <string>
#include <string_view>

#include "ingest/document.h"

namespace hearth::ingest {

struct Line {
    TextSpan span;           ///< with its line end
    std::size_t indent = 0;  ///< columns; a tab reaches to the next multiple of 8
    std::string_view words;  ///< without the blanks at both ends
};

/// The line that holds `at`; empty and at the end of the text when nothing follows.
Line read_line(std::string_view text, std::size_t at) noexcept;

/// "- x", "* x", "+ x", "1. x", "#. x", "a) x".
bool is_list_item(std::string_view words) noexcept;

/// Blocks in text order. Lines of one kind that follow each other become one block until it is closed.
class SourceBlocks {
  public:
    explicit SourceBlocks(Document& document) : document_(document) {}

    void heading(TextSpan lines, int level, std::string_view words);
    void add(BlockKind kind, TextSpan lines, int level = 0);
    void close() { open_ = false; }
    /// Where the text that no block holds yet begins.
    std::size_t end() const { return document_.blocks.empty() ? 0 : document_.blocks.back().span.end; }

  private:
    Document& document_;
    bool open_ = false;
};

/// A document of `type` around the file's text in UTF-8; a refusal when its encoding is unknown.
Extraction source_document(const char* type, std::string_view bytes);

/// The first heading's words for a document that names itself nowhere else.
void title_from_heading(Document& document);

}  // namespace hearth::ingest
