// XML of any vocabulary: records become lines "path: value", running text becomes paragraphs.
#include <string>

#include "ingest/extract/charset.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/path_writer.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

constexpr int kMaxNesting = 64;

std::string declared_encoding(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, std::min(bytes.find("?>"), std::size_t{200}));
    auto at = head.find("encoding=");
    if (at == std::string_view::npos) return {};
    at += 10;
    const auto end = head.find_first_of("\"'", at);
    return end == std::string_view::npos ? std::string() : std::string(head.substr(at, end - at));
}

struct Content {
    bool elements = false;
    bool words = false;
};

Content content_of(const pugi::xml_node& node) {
    Content content;
    for (const pugi::xml_node& part : node.children()) {
        if (part.type() == pugi::node_element)
            content.elements = true;
        else if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata)
            content.words = content.words || !collapse_blanks(part.value()).empty();
    }
    return content;
}

bool is_repeated(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    return name == node.next_sibling().name() || name == node.previous_sibling().name();
}

/// A section's heading is what its title says.
std::string heading_of(const pugi::xml_node& node) {
    const pugi::xml_node title = xml::child(node, "title");
    const std::string words = title ? collapse_blanks(xml::text_of(title)) : std::string();
    return words.empty() ? std::string(xml::local_name(node)) : words;
}

class Walk {
  public:
    explicit Walk(PathWriter& writer) : writer_(writer) {}

    void visit(const pugi::xml_node& node, int depth) {
        const Content content = content_of(node);
        const std::string name(xml::local_name(node));
        if (!content.elements) {
            for (const auto& attribute : node.attributes()) write_attribute(name + "@", attribute);
            return writer_.leaf(name, collapse_blanks(xml::text_of(node)));
        }
        if (content.words || depth >= kMaxNesting) return writer_.paragraph(collapse_blanks(xml::text_of(node)));
        if (is_repeated(node) && !xml::child(node, "title"))
            writer_.open_element(name);
        else
            writer_.open(name, heading_of(node));
        for (const auto& attribute : node.attributes()) write_attribute("@", attribute);
        for (const pugi::xml_node& part : node.children()) {
            if (part.type() == pugi::node_element) visit(part, depth + 1);
        }
        writer_.close();
    }

  private:
    void write_attribute(const std::string& prefix, const pugi::xml_attribute& attribute) {
        const std::string_view name = attribute.name();
        if (!name.starts_with("xmlns")) writer_.leaf(prefix + std::string(name), collapse_blanks(attribute.value()));
    }

    PathWriter& writer_;
};

}  // namespace

Extraction parse_xml(std::string_view bytes) {
    auto text = to_utf8(bytes, declared_encoding(bytes));
    if (!text) return Refusal{"xml", "the file's encoding is unknown", "Save the file as UTF-8."};
    pugi::xml_document tree;
    std::string source = *text;
    const pugi::xml_parse_result parsed =
        tree.load_buffer(source.data(), source.size(), pugi::parse_default, pugi::encoding_utf8);
    if (parsed.status == pugi::status_out_of_memory) throw std::bad_alloc();
    if (!parsed) return parse_text(bytes);
    Document document{"xml", {}, {}, {}};
    const pugi::xml_node root = tree.document_element();
    const pugi::xml_node title = xml::find(root, "title");
    if (title) document.title = collapse_blanks(xml::text_of(title));
    TextBuilder builder(document);
    PathWriter writer(builder);
    const Content content = content_of(root);
    if (content.words || !content.elements) {
        writer.paragraph(collapse_blanks(xml::text_of(root)));
    } else {
        Walk walk(writer);
        for (const pugi::xml_node& part : root.children()) {
            if (part.type() == pugi::node_element) walk.visit(part, 1);
        }
    }
    writer.finish();
    return document;
}

}  // namespace hearth::ingest
