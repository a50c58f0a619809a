// PowerPoint files: slides in their order, with titles, lists, tables and speaker's notes.
#include <string>
#include <utility>

#include "ingest/extract/office.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/table.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

using xml::attribute;
using xml::child;
using xml::local_name;

constexpr int kMaxNesting = 64;
constexpr const char* kPresentationPart = "ppt/presentation.xml";

bool is_wanted(std::string_view name) {
    const bool text = name.ends_with(".xml") || name.ends_with(".rels");
    return name == kCorePart || name == kPresentationPart || name == "ppt/_rels/presentation.xml.rels" ||
           (text && (name.starts_with("ppt/slides/") || name.starts_with("ppt/notesSlides/")));
}

std::string words_of(const pugi::xml_node& paragraph) {
    std::string text;
    for (pugi::xml_node node = paragraph.first_child(); node; node = xml::following(paragraph, node, true)) {
        if (local_name(node) == "t") text += node.text().get();
        if (local_name(node) == "br") text += '\n';
        if (local_name(node) == "tab") text += '\t';
    }
    return text;
}

/// All paragraphs of a shape or cell, a line each.
std::string lines_of(const pugi::xml_node& body) {
    std::string text;
    for (const pugi::xml_node& node : body.children()) {
        if (local_name(node) == "p") text += (text.empty() ? "" : "\n") + words_of(node);
    }
    return text;
}

/// The kind of a placeholder: "title", "body", "sldNum"; "none" for a shape that is none.
std::string placeholder_of(const pugi::xml_node& shape) {
    const pugi::xml_node properties = child(child(shape, "nvSpPr"), "nvPr");
    const pugi::xml_node placeholder = child(properties, "ph");
    if (!placeholder) return "none";
    const std::string_view type = attribute(placeholder, "type");
    return type.empty() ? "body" : std::string(type);
}

bool is_title(std::string_view placeholder) {
    return placeholder == "title" || placeholder == "ctrTitle";
}

class Slide {
  public:
    Slide(TextBuilder& builder, int number) : builder_(builder), number_(number) {}

    std::string title_of(const pugi::xml_node& tree, int depth = 0) const {
        for (const pugi::xml_node& node : tree.children()) {
            std::string found;
            if (local_name(node) == "sp" && is_title(placeholder_of(node)))
                found = collapse_blanks(lines_of(child(node, "txBody")));
            else if (local_name(node) == "grpSp" && depth < kMaxNesting)
                found = title_of(node, depth + 1);
            if (!found.empty()) return found;
        }
        return {};
    }

    void shapes(const pugi::xml_node& tree, int depth = 0) {
        for (const pugi::xml_node& node : tree.children()) {
            const std::string_view name = local_name(node);
            if (name == "sp") shape(node);
            if (name == "grpSp" && depth < kMaxNesting) shapes(node, depth + 1);
            // AlternateContent holds the same shape twice, for new and for old programs.
            if (name == "AlternateContent" && depth < kMaxNesting) shapes(child(node, "Choice"), depth + 1);
            if (name == "graphicFrame") table(xml::find(node, "tbl"));
        }
    }

    void notes(const pugi::xml_node& tree) {
        std::string text;
        for (const pugi::xml_node& node : tree.children()) {
            if (local_name(node) == "sp" && placeholder_of(node) == "body")
                text += lines_of(child(node, "txBody")) + "\n";
        }
        if (collapse_blanks(text).empty()) return;
        builder_.add(BlockKind::kHeading, "Notes", 2, number_);
        builder_.add(BlockKind::kParagraph, text, 0, number_);
    }

  private:
    void shape(const pugi::xml_node& node) {
        const std::string placeholder = placeholder_of(node);
        if (is_title(placeholder) || placeholder == "sldNum" || placeholder == "dt" || placeholder == "ftr") return;
        const pugi::xml_node body = child(node, "txBody");
        if (placeholder != "body" && placeholder != "obj") {
            builder_.add(BlockKind::kParagraph, lines_of(body), 0, number_);
            return;
        }
        for (const pugi::xml_node& paragraph : body.children()) {
            if (local_name(paragraph) != "p") continue;
            const std::string words = collapse_blanks(words_of(paragraph));
            if (!words.empty()) builder_.add(BlockKind::kListItem, "- " + words, 0, number_);
        }
    }

    void table(const pugi::xml_node& node) {
        std::vector<Row> rows;
        for (const pugi::xml_node& line : node.children()) {
            if (local_name(line) != "tr") continue;
            rows.emplace_back();
            for (const pugi::xml_node& cell : line.children()) {
                if (local_name(cell) == "tc") rows.back().push_back(collapse_blanks(lines_of(child(cell, "txBody"))));
            }
        }
        write_rows(builder_, std::move(rows), number_);
    }

    TextBuilder& builder_;
    const int number_;
};

void add_notes(ZipEntries& archive, const std::string& slide_name, Slide& slide) {
    const auto notes = archive.bytes.find(related_part(archive, slide_name, "/notesSlide"));
    pugi::xml_document tree;
    if (notes == archive.bytes.end() || !xml::load(tree, notes->second)) return;
    slide.notes(child(child(tree.document_element(), "cSld"), "spTree"));
}

/// False when the slide is damaged.
bool add_slide(ZipEntries& archive, const std::string& name, int number, TextBuilder& builder) {
    const auto part = archive.bytes.find(name);
    pugi::xml_document tree;
    if (part == archive.bytes.end() || !xml::load(tree, part->second)) return false;
    const pugi::xml_node root = tree.document_element();
    const pugi::xml_node shapes = child(child(root, "cSld"), "spTree");
    Slide slide(builder, number);
    std::string title = slide.title_of(shapes);
    if (title.empty()) title = "Slide " + std::to_string(number);
    const bool hidden = attribute(root, "show") == "0" || attribute(root, "show") == "false";
    builder.add(BlockKind::kHeading, title + (hidden ? " (hidden slide)" : ""), 1, number);
    slide.shapes(shapes);
    add_notes(archive, name, slide);
    return true;
}

}  // namespace

Extraction parse_pptx(std::string_view bytes) {
    auto archive = read_zip(bytes, is_wanted);
    if (!archive.ok()) return refuse_archive("pptx", archive.error());
    const auto part = archive->bytes.find(kPresentationPart);
    pugi::xml_document tree;
    if (part == archive->bytes.end() || !xml::load(tree, part->second)) return damaged_office_file("pptx");
    Document document{"pptx", core_title(*archive), {}, {}};
    TextBuilder builder(document);
    const auto targets = relations_of(*archive, kPresentationPart);
    int number = 0;
    for (const pugi::xml_node& slide : child(tree.document_element(), "sldIdLst").children()) {
        const auto target = targets.find(relation_id(slide));
        if (target == targets.end() || !add_slide(*archive, target->second, ++number, builder))
            return damaged_office_file("pptx");
    }
    // A presentation without a title of its own is known by its first slide.
    if (document.title.empty() && !document.blocks.empty()) document.title = document.blocks.front().heading;
    return document;
}

}  // namespace hearth::ingest
