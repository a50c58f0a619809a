#include "ingest/extract/xml_walk.h"

#include <charconv>
#include <new>

namespace hearth::ingest::xml {

bool load(pugi::xml_document& document, std::string& bytes, bool whitespace) {
    const unsigned options = pugi::parse_default | (whitespace ? pugi::parse_ws_pcdata_single : 0u);
    const pugi::xml_parse_result parsed = document.load_buffer_inplace(bytes.data(), bytes.size(), options);
    if (parsed.status == pugi::status_out_of_memory) throw std::bad_alloc();
    return static_cast<bool>(parsed);
}

std::string_view local_name(const pugi::xml_node& node) {
    const std::string_view name = node.name();
    return name.substr(name.find(':') + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
    return node.find_child([&](const pugi::xml_node& candidate) { return local_name(candidate) == name; });
}

pugi::xml_node find(const pugi::xml_node& root, std::string_view name) {
    for (pugi::xml_node node = root.first_child(); node; node = following(root, node, true)) {
        if (local_name(node) == name) return node;
    }
    return {};
}

std::string_view attribute(const pugi::xml_node& node, std::string_view name) {
    for (const pugi::xml_attribute& candidate : node.attributes()) {
        const std::string_view full = candidate.name();
        if (full.substr(full.find(':') + 1) == name) return candidate.value();
    }
    return {};
}

int number(std::string_view text) {
    int value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc() && result.ptr == text.data() + text.size() ? value : 0;
}

pugi::xml_node following(const pugi::xml_node& root, pugi::xml_node node, bool descend) {
    if (descend && node.first_child()) return node.first_child();
    while (node && node != root) {
        if (node.next_sibling()) return node.next_sibling();
        node = node.parent();
    }
    return {};
}

std::string text_of(const pugi::xml_node& root) {
    std::string text;
    for (pugi::xml_node node = root.first_child(); node; node = following(root, node, true)) {
        if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) text += node.value();
    }
    return text;
}

}  // namespace hearth::ingest::xml
