// OpenDocument's text content: what text, sheets and slides have in common.
#pragma once

#include <pugixml.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ingest/extract/table.h"

namespace hearth::ingest {

/// The words of a paragraph or heading and of the text boxes that hang in it; notes stand in brackets, comments and
/// deleted text are left out.
std::string odf_words(const pugi::xml_node& paragraph);

/// Paragraphs, headings, lists and tables beneath a node, in order.
class OdfContent {
  public:
    /// `content` is the root of content.xml: it says which styles stand for a title.
    OdfContent(Document& document, TextBuilder& builder, const pugi::xml_node& content);

    /// False when the nesting is deeper, or a table larger, than any office program makes it.
    bool read(const pugi::xml_node& container, std::optional<int> page, int depth = 0);
    bool read_node(const pugi::xml_node& node, std::optional<int> page, int depth);

  private:
    bool list(const pugi::xml_node& node, std::optional<int> page, int depth);
    void paragraph(const pugi::xml_node& node, std::optional<int> page);

    Document& document_;
    TextBuilder& builder_;
    std::set<std::string, std::less<>> title_styles_ = {"Title"};
};

/// The rows of a table:table, repeated rows and cells written out; nothing when that makes more than kMaxSheetCells.
std::optional<std::vector<Row>> odf_rows(const pugi::xml_node& table);

}  // namespace hearth::ingest
