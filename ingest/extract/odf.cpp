#include "ingest/extract/odf.h"

#include <algorithm>
#include <utility>

#include "ingest/extract/spreadsheet.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

using xml::attribute;
using xml::local_name;

constexpr int kMaxNesting = 64;
constexpr std::size_t kMaxRepeatedRows = 10'000;  // of a row with words: more are a filled-down sheet

std::size_t repeats(const pugi::xml_node& node, std::string_view name) {
    return static_cast<std::size_t>(std::max(xml::number(attribute(node, name)), 1));
}

std::string cell_text(const pugi::xml_node& cell) {
    const std::string_view type = attribute(cell, "value-type");
    if (type == "float") return std::string(attribute(cell, "value"));
    if (type == "date") {
        std::string date(attribute(cell, "date-value"));
        std::replace(date.begin(), date.end(), 'T', ' ');
        return date;
    }
    std::string text;
    for (pugi::xml_node node = cell.first_child(); node; node = node.next_sibling()) {
        const std::string_view name = local_name(node);
        if (name == "p" || name == "h") text += (text.empty() ? "" : " ") + odf_words(node);
        if (name == "list" || name == "table") text += " " + xml::text_of(node);
    }
    return collapse_blanks(text);
}

Row row_of(const pugi::xml_node& node) {
    Row row;
    std::size_t empty = 0;
    for (const pugi::xml_node& cell : node.children()) {
        const std::string_view name = local_name(cell);
        if (name != "table-cell" && name != "covered-table-cell") continue;
        const std::string text = cell_text(cell);
        const std::size_t count = std::min(repeats(cell, "number-columns-repeated"), kMaxSheetColumns);
        if (text.empty()) {
            empty += count;
            continue;
        }
        if (row.size() + empty + count > kMaxSheetColumns) break;
        row.resize(row.size() + empty);
        row.resize(row.size() + count, text);
        empty = 0;
    }
    return row;
}

}  // namespace

std::string odf_words(const pugi::xml_node& paragraph) {
    std::string text;
    bool descend = true;
    for (pugi::xml_node node = paragraph.first_child(); node; node = xml::following(paragraph, node, descend)) {
        const std::string_view name = local_name(node);
        descend = name != "annotation" && name != "note" && name != "tracked-changes";
        if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata)
            text += node.value();
        else if (name == "s")
            text.append(std::min<std::size_t>(repeats(node, "c"), 1000), ' ');
        else if (name == "tab")
            text += '\t';
        else if (name == "line-break")
            text += '\n';
        else if (name == "note")
            text += " [" + collapse_blanks(xml::text_of(xml::child(node, "note-body"))) + "]";
        else if (name == "p" && !text.empty())
            text += ' ';
    }
    return text;
}

OdfContent::OdfContent(Document& document, TextBuilder& builder, const pugi::xml_node& content)
    : document_(document), builder_(builder) {
    for (const pugi::xml_node& style : xml::child(content, "automatic-styles").children()) {
        if (attribute(style, "parent-style-name") == "Title") title_styles_.emplace(attribute(style, "name"));
    }
}

bool OdfContent::read(const pugi::xml_node& container, std::optional<int> page, int depth) {
    if (depth > kMaxNesting) return false;
    for (const pugi::xml_node& node : container.children()) {
        if (!read_node(node, page, depth)) return false;
    }
    return true;
}

bool OdfContent::read_node(const pugi::xml_node& node, std::optional<int> page, int depth) {
    const std::string_view name = local_name(node);
    if (name == "h") {
        const int level = std::clamp(xml::number(attribute(node, "outline-level")), 1, 6);
        builder_.add(BlockKind::kHeading, collapse_blanks(odf_words(node)), level, page);
    } else if (name == "p") {
        paragraph(node, page);
    } else if (name == "list") {
        return list(node, page, depth + 1);
    } else if (name == "table") {
        auto rows = odf_rows(node);
        if (!rows) return false;
        write_rows(builder_, std::move(*rows), page);
    } else if (name == "section" || name == "frame" || name == "text-box" || name == "g" || name == "custom-shape" ||
               name == "numbered-paragraph") {
        return read(node, page, depth + 1);
    }
    return true;
}

bool OdfContent::list(const pugi::xml_node& node, std::optional<int> page, int depth) {
    if (depth > kMaxNesting) return false;
    for (const pugi::xml_node& item : node.children()) {
        for (const pugi::xml_node& part : item.children()) {
            const std::string_view name = local_name(part);
            if (name == "list" && !list(part, page, depth + 1)) return false;
            if (name == "h" && !read(item, page, depth + 1)) return false;
            if (name != "p") continue;
            const std::string words = collapse_blanks(odf_words(part));
            if (!words.empty()) builder_.add(BlockKind::kListItem, "- " + words, 0, page);
        }
    }
    return true;
}

void OdfContent::paragraph(const pugi::xml_node& node, std::optional<int> page) {
    const std::string words = odf_words(node);
    if (title_styles_.contains(attribute(node, "style-name"))) {
        if (document_.title.empty()) document_.title = collapse_blanks(words);
        return builder_.add(BlockKind::kHeading, collapse_blanks(words), 1, page);
    }
    builder_.add(BlockKind::kParagraph, words, 0, page);
}

std::optional<std::vector<Row>> odf_rows(const pugi::xml_node& table) {
    std::vector<Row> rows;
    std::size_t cells = 0;
    bool descend = true;
    for (pugi::xml_node node = table.first_child(); node; node = xml::following(table, node, descend)) {
        descend = local_name(node) != "table-row";
        if (descend) continue;
        const Row row = row_of(node);
        if (row.empty()) continue;
        const std::size_t count = std::min(repeats(node, "number-rows-repeated"), kMaxRepeatedRows);
        cells += row.size() * count;
        if (cells > kMaxSheetCells) return std::nullopt;
        rows.insert(rows.end(), count, row);
    }
    return rows;
}

}  // namespace hearth::ingest
