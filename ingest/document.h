// The extracted document: one UTF-8 text and the blocks found in it. Parsers make it, the chunker cuts it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/packed_table.h"
#include "ingest/sink.h"

namespace hearth::ingest {

enum class BlockKind { kHeading, kParagraph, kListItem, kTable, kCode };
constexpr int kBlockKinds = 5;

/// A run of the text that belongs together. Blocks of a document are in text order and do not overlap.
struct Block {
    BlockKind kind = BlockKind::kParagraph;
    /// kHeading: 1 .. 6. Others: 0, or the level of the headings that end before this block, deeper ones included.
    int level = 0;
    std::optional<int> page;  ///< 1-based
    TextSpan span;
    std::string
        heading;  ///< kHeading: its words without markup. kTable: its columns' names, for parts cut off from them
};

/// What a document can be; "unknown" only in a Refusal.
constexpr std::array<std::string_view, 27> kDocumentTypes = {
    "markdown", "text",     "html", "pdf", "docx",     "csv",   "json",  "yaml",    "toml",
    "xml",      "notebook", "code", "rst", "asciidoc", "latex", "org",   "rtf",     "pptx",
    "xlsx",     "odt",      "ods",  "odp", "epub",     "mail",  "mhtml", "archive", "unknown"};

struct Document {
    std::string type;   ///< one of kDocumentTypes
    std::string title;  ///< never empty after extraction: at least the file's name without its extension
    std::string text;   ///< for Markdown and text in UTF-8: the file's own bytes
    std::vector<Block> blocks;
    std::vector<PackedTable> tables = {};  ///< their rows once more, to be queried
};

/// Why a file cannot be read and what its owner can do, in words for the page.
struct Refusal {
    std::string type;  ///< as in Document; "unknown" where the kind itself is the problem
    std::string reason;
    std::string remedy;
    bool by_limit = false;  ///< of time, memory or text: larger ones may read it. Known to the daemon's side only
};

using Extraction = std::variant<Document, Refusal>;

}  // namespace hearth::ingest
