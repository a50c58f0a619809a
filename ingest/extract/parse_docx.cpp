// Word files.
#include <cctype>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/utf8.h"
#include "ingest/extract/office.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/table.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

constexpr int kMaxNesting = 64;
constexpr const char* kDocumentPart = "word/document.xml";
constexpr const char* kStylesPart = "word/styles.xml";

using xml::attribute;
using xml::child;
using xml::following;
using xml::local_name;

struct Style {
    int heading = 0;  ///< 1 .. 6
    bool title = false;
    bool list = false;
};

using Styles = std::map<std::string, Style, std::less<>>;

int outline_level(const pugi::xml_node& properties) {
    const std::string_view value = attribute(child(properties, "outlineLvl"), "val");
    int level = -1;
    std::from_chars(value.data(), value.data() + value.size(), level);
    return level >= 0 && level <= 8 ? std::min(level + 1, 6) : 0;
}

/// By the style's built-in name, which Word keeps in English ("heading 2"), else by its outline level.
Style style_of(const pugi::xml_node& node) {
    std::string name(attribute(child(node, "name"), "val"));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (name == "title") return {1, true, false};
    if (name.starts_with("heading ") && name.size() == 9 && name[8] >= '1' && name[8] <= '9') {
        return {std::min(name[8] - '0', 6), false, false};
    }
    const pugi::xml_node properties = child(node, "pPr");
    return {outline_level(properties), false, static_cast<bool>(child(properties, "numPr"))};
}

Styles read_styles(std::string& bytes) {
    Styles styles;
    pugi::xml_document document;
    if (!xml::load(document, bytes)) return styles;
    for (const pugi::xml_node& node : document.document_element().children()) {
        if (local_name(node) == "style") styles.emplace(std::string(attribute(node, "styleId")), style_of(node));
    }
    return styles;
}

/// The words beneath `root`: what is shown, without deleted text and field codes.
std::string words_of(const pugi::xml_node& root) {
    std::string text;
    bool descend = true;
    for (pugi::xml_node node = root.first_child(); node; node = following(root, node, descend)) {
        const std::string_view name = local_name(node);
        // AlternateContent holds the same words twice, for new and for old programs.
        descend = name != "del" && name != "moveFrom" && name != "Fallback" && name != "pPr" && name != "instrText";
        if (name == "t")
            text += node.text().get();
        else if (name == "tab")
            text += '\t';
        else if (name == "br" || name == "cr")
            text += '\n';
        else if (name == "noBreakHyphen")
            text += '-';
        else if (name == "p" && !text.empty())
            text += ' ';
    }
    return sanitize_utf8(text);
}

class Body {
  public:
    Body(Document& document, const Styles& styles) : document_(document), builder_(document), styles_(styles) {}

    /// False when the nesting is deeper than any word processor makes it.
    bool read(const pugi::xml_node& container, int depth) {
        if (depth > kMaxNesting) return false;
        for (const pugi::xml_node& node : container.children()) {
            const std::string_view name = local_name(node);
            if (name == "p") {
                paragraph(node);
            } else if (name == "tbl") {
                std::vector<Row> rows;
                if (!table(node, depth, rows)) return false;
                write_rows(builder_, std::move(rows));
            } else if (name == "sdt" || name == "sdtContent" || name == "ins" || name == "moveTo" ||
                       name == "customXml" || name == "smartTag") {
                if (!read(node, depth + 1)) return false;
            }
        }
        return true;
    }

  private:
    void paragraph(const pugi::xml_node& node) {
        const std::string text = words_of(node);
        const pugi::xml_node properties = child(node, "pPr");
        Style style;
        const auto named = styles_.find(attribute(child(properties, "pStyle"), "val"));
        if (named != styles_.end()) style = named->second;
        if (const int level = outline_level(properties); level > 0) style.heading = level;
        if (style.title && document_.title.empty()) document_.title = collapse_blanks(text);
        if (style.heading > 0) return builder_.add(BlockKind::kHeading, collapse_blanks(text), style.heading);
        if (style.list || child(properties, "numPr")) return add_item(text);
        builder_.add(BlockKind::kParagraph, text);
    }

    void add_item(const std::string& text) {
        if (!collapse_blanks(text).empty()) builder_.add(BlockKind::kListItem, "- " + text);
    }

    static bool table(const pugi::xml_node& container, int depth, std::vector<Row>& rows) {
        if (depth > kMaxNesting) return false;
        for (const pugi::xml_node& node : container.children()) {
            const std::string_view name = local_name(node);
            if (name == "tr")
                rows.push_back(row_of(node));
            else if (name == "sdt" || name == "sdtContent" || name == "ins") {
                if (!table(node, depth + 1, rows)) return false;
            }
        }
        return true;
    }

    static Row row_of(const pugi::xml_node& node) {
        Row cells;
        for (const pugi::xml_node& cell : node.children()) {
            if (local_name(cell) == "tc" || local_name(cell) == "sdt") cells.push_back(collapse_blanks(words_of(cell)));
        }
        return cells;
    }

    Document& document_;
    TextBuilder builder_;
    const Styles& styles_;
};

}  // namespace

Extraction parse_docx(std::string_view bytes) {
    auto archive = read_zip(
        bytes, [](std::string_view name) { return name == kDocumentPart || name == kStylesPart || name == kCorePart; });
    if (!archive.ok()) return refuse_archive("docx", archive.error());
    const auto part = archive->bytes.find(kDocumentPart);
    if (part == archive->bytes.end()) return damaged_office_file("docx");
    pugi::xml_document tree;
    if (!xml::load(tree, part->second)) return damaged_office_file("docx");
    const pugi::xml_node body = child(tree.document_element(), "body");
    if (!body) return damaged_office_file("docx");
    Document document{"docx", {}, {}, {}};
    document.title = core_title(*archive);
    const Styles styles = archive->bytes.contains(kStylesPart) ? read_styles(archive->bytes[kStylesPart]) : Styles{};
    if (!Body(document, styles).read(body, 0)) {
        return Refusal{"docx", "the document is nested deeper than any office program writes",
                       "Save it again in an office program."};
    }
    title_from_heading(document);
    return document;
}

}  // namespace hearth::ingest
