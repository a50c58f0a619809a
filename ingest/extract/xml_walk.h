// Small steps through pugixml's trees, shared by the formats made of XML. pugixml knows no external entities and
// expands none.
#pragma once

#include <pugixml.hpp>

#include <string>
#include <string_view>

namespace hearth::ingest::xml {

/// Parses in place; `whitespace` keeps text that is nothing but blanks where it stands alone. False when it is not
/// well-formed; std::bad_alloc when memory ran out.
bool load(pugi::xml_document& document, std::string& bytes, bool whitespace = true);

/// Names are compared without their namespace prefix: producers choose it freely.
std::string_view local_name(const pugi::xml_node& node);
pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
/// The first descendant of that name; empty when there is none.
pugi::xml_node find(const pugi::xml_node& root, std::string_view name);
std::string_view attribute(const pugi::xml_node& node, std::string_view name);
/// 0 for anything that is not a whole number.
int number(std::string_view text);

/// Next node of the subtree in document order, without recursion; `descend` false leaves out the node's children.
pugi::xml_node following(const pugi::xml_node& root, pugi::xml_node node, bool descend);

/// All character data beneath.
std::string text_of(const pugi::xml_node& root);

}  // namespace hearth::ingest::xml
