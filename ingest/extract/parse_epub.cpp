// EPUB 2 and 3: the chapters of the spine, one after the other.
#include <map>
#include <string>

#include "ingest/extract/office.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/parts.h"
#include "ingest/extract/text_builder.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

using xml::attribute;
using xml::child;

constexpr const char* kContainerPart = "META-INF/container.xml";
constexpr const char* kRightsPart = "META-INF/rights.xml";

bool is_wanted(std::string_view name) {
    return name == kContainerPart || name.ends_with(".opf") || name.ends_with(".xhtml") || name.ends_with(".html") ||
           name.ends_with(".htm") || name.ends_with(".xml");
}

Refusal damaged(const char* what) {
    return {"epub", what, "Open it in a reader and save it again."};
}

/// Chapters' names in reading order. The table of contents is left out: its words are the chapters' headings.
std::vector<std::string> read_spine(const pugi::xml_node& package, const std::string& package_name) {
    std::map<std::string, std::string> names;
    for (const pugi::xml_node& item : child(package, "manifest").children()) {
        if (attribute(item, "properties") != "nav")
            names.emplace(attribute(item, "id"), resolve_name(package_name, attribute(item, "href")));
    }
    std::vector<std::string> spine;
    for (const pugi::xml_node& place : child(package, "spine").children()) {
        const auto found = names.find(std::string(attribute(place, "idref")));
        if (found != names.end()) spine.push_back(found->second);
    }
    return spine;
}

}  // namespace

Extraction parse_epub(std::string_view bytes) {
    auto archive = read_zip(bytes, is_wanted);
    if (!archive.ok()) return refuse_archive("epub", archive.error());
    if (archive->names.contains(kRightsPart)) return damaged("the book is locked by its seller (DRM)");
    pugi::xml_document container;
    if (!xml::load(container, archive->bytes[kContainerPart])) return damaged("the book's table of parts is damaged");
    const std::string package_name(attribute(xml::find(container, "rootfile"), "full-path"));
    pugi::xml_document tree;
    if (!xml::load(tree, archive->bytes[package_name])) return damaged("the book's table of parts is damaged");
    const pugi::xml_node package = tree.document_element();
    Document document{"epub", {}, {}, {}};
    document.title = collapse_blanks(xml::text_of(child(child(package, "metadata"), "title")));
    for (const std::string& name : read_spine(package, package_name)) {
        const auto chapter = archive->bytes.find(name);
        if (chapter == archive->bytes.end()) continue;
        const Extraction part = parse_html(chapter->second);
        if (const auto* words = std::get_if<Document>(&part); words != nullptr && !words->text.empty())
            append_part(document, *words, 0);
    }
    return document;
}

}  // namespace hearth::ingest
