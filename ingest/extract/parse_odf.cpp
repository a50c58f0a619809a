// OpenDocument text (.odt), spreadsheets (.ods) and presentations (.odp).
#include <string>

#include "ingest/extract/odf.h"
#include "ingest/extract/office.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/spreadsheet.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

using xml::attribute;
using xml::child;
using xml::local_name;

constexpr const char* kContentPart = "content.xml";
constexpr const char* kMetaPart = "meta.xml";
constexpr const char* kManifestPart = "META-INF/manifest.xml";

bool is_wanted(std::string_view name) {
    return name == kContentPart || name == kMetaPart || name == kManifestPart;
}

std::string read_title(ZipEntries& archive) {
    const auto part = archive.bytes.find(kMetaPart);
    pugi::xml_document tree;
    if (part == archive.bytes.end() || !xml::load(tree, part->second)) return {};
    return collapse_blanks(xml::text_of(xml::find(tree.document_element(), "title")));
}

/// Hidden sheets bear a style that says so.
std::set<std::string, std::less<>> hidden_styles(const pugi::xml_node& content) {
    std::set<std::string, std::less<>> names;
    for (const pugi::xml_node& style : child(content, "automatic-styles").children()) {
        if (attribute(child(style, "table-properties"), "display") == "false") names.emplace(attribute(style, "name"));
    }
    return names;
}

bool read_sheets(const pugi::xml_node& content, const pugi::xml_node& body, TextBuilder& builder) {
    const auto hidden = hidden_styles(content);
    int number = 0;
    for (const pugi::xml_node& node : body.children()) {
        if (local_name(node) != "table") continue;
        const bool is_hidden = hidden.contains(attribute(node, "style-name"));
        auto rows = odf_rows(node);
        if (!rows) return false;
        write_sheet(builder, {std::string(attribute(node, "name")), is_hidden, std::move(*rows)}, ++number);
    }
    return true;
}

std::string slide_title(const pugi::xml_node& slide) {
    for (const pugi::xml_node& frame : slide.children()) {
        if (attribute(frame, "class") == "title") return collapse_blanks(xml::text_of(frame));
    }
    return {};
}

bool read_slide(OdfContent& reader, const pugi::xml_node& slide, int number, TextBuilder& builder) {
    const std::string title = slide_title(slide);
    builder.add(BlockKind::kHeading, title.empty() ? "Slide " + std::to_string(number) : title, 1, number);
    for (const pugi::xml_node& part : slide.children()) {
        const std::string_view role = attribute(part, "class");
        const bool shown = role != "title" && role != "date-time" && role != "footer" && role != "page-number";
        if (shown && local_name(part) != "notes" && !reader.read_node(part, number, 0)) return false;
    }
    for (const pugi::xml_node& frame : child(slide, "notes").children()) {
        if (attribute(frame, "class") != "notes" || collapse_blanks(xml::text_of(frame)).empty()) continue;
        builder.add(BlockKind::kHeading, "Notes", 2, number);
        if (!reader.read_node(frame, number, 0)) return false;
    }
    return true;
}

bool read_slides(OdfContent& reader, const pugi::xml_node& body, TextBuilder& builder) {
    int number = 0;
    for (const pugi::xml_node& slide : body.children()) {
        if (local_name(slide) == "page" && !read_slide(reader, slide, ++number, builder)) return false;
    }
    return true;
}

}  // namespace

Extraction parse_odf(std::string_view bytes) {
    auto archive = read_zip(bytes, is_wanted);
    if (!archive.ok()) return refuse_archive("odt", archive.error());
    const auto manifest = archive->bytes.find(kManifestPart);
    if (manifest != archive->bytes.end() && manifest->second.find("encryption-data") != std::string::npos)
        return Refusal{"odt", "the file is encrypted with a password",
                       "Save a copy without the password and drop that."};
    const auto part = archive->bytes.find(kContentPart);
    pugi::xml_document tree;
    if (part == archive->bytes.end() || !xml::load(tree, part->second)) return damaged_office_file("odt");
    const pugi::xml_node content = tree.document_element();
    const pugi::xml_node body = child(content, "body");
    const pugi::xml_node text = child(body, "text");
    const pugi::xml_node sheets = child(body, "spreadsheet");
    const pugi::xml_node slides = child(body, "presentation");
    Document document{sheets ? "ods" : slides ? "odp" : "odt", read_title(*archive), {}, {}};
    TextBuilder builder(document);
    OdfContent reader(document, builder, content);
    if (sheets) {
        if (!read_sheets(content, sheets, builder)) return too_many_cells(document.type);
        return document;
    }
    if (!(slides ? read_slides(reader, slides, builder) : reader.read(text, std::nullopt)))
        return Refusal{document.type, "the document is nested deeper than any office program writes",
                       "Save it again in an office program."};
    title_from_heading(document);
    return document;
}

}  // namespace hearth::ingest
