// What the office formats share: packages of XML parts in a zip archive.
#pragma once

#include <map>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/document.h"
#include "ingest/extract/zip.h"

namespace hearth::ingest {

inline constexpr const char* kCorePart = "docProps/core.xml";

Refusal refuse_archive(const char* type, const Error& error);
Refusal damaged_office_file(const char* type);

/// The title in kCorePart; empty when there is none.
std::string core_title(ZipEntries& archive);

/// Relation ids of a part to the names of the parts they lead to (Open Packaging Conventions). `part` is the name of
/// the part that relates, "ppt/presentation.xml".
std::map<std::string, std::string> relations_of(ZipEntries& archive, std::string_view part);
/// The first related part whose type ends in `type`, "/notesSlide"; empty when there is none.
std::string related_part(ZipEntries& archive, std::string_view part, std::string_view type);
/// The relation id among a node's attributes: "id" with a prefix, beside which a plain "id" may stand.
std::string relation_id(const pugi::xml_node& node);

/// "../media/a b.xml" beside the part `base`, as a name in the archive; %20 is decoded.
std::string resolve_name(std::string_view base, std::string_view target);

}  // namespace hearth::ingest
