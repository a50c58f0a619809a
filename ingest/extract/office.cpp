#include "ingest/extract/office.h"

#include <charconv>

#include "ingest/extract/text_builder.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

std::string decode_percent(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int value = 0;
        if (text[i] == '%' && i + 2 < text.size()) {
            const auto result = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
            if (result.ec == std::errc() && result.ptr == text.data() + i + 3) {
                out += static_cast<char>(value);
                i += 2;
                continue;
            }
        }
        out += text[i];
    }
    return out;
}

/// "ppt/presentation.xml" relates by "ppt/_rels/presentation.xml.rels".
std::string relations_part(std::string_view part) {
    const auto slash = part.rfind('/');
    const std::string_view folder = slash == std::string_view::npos ? std::string_view() : part.substr(0, slash + 1);
    return std::string(folder) + "_rels/" + std::string(part.substr(folder.size())) + ".rels";
}

template <typename Take>
void each_relation(ZipEntries& archive, std::string_view part, const Take& take) {
    const auto found = archive.bytes.find(relations_part(part));
    pugi::xml_document tree;
    std::string bytes = found == archive.bytes.end() ? std::string() : found->second;
    if (!xml::load(tree, bytes)) return;
    for (const pugi::xml_node& relation : tree.document_element().children()) {
        if (xml::attribute(relation, "TargetMode") != "External") take(relation);
    }
}

}  // namespace

Refusal refuse_archive(const char* type, const Error& error) {
    const bool limit = error.code == ErrorCode::kResourceExhausted;
    return {type, error.message,
            limit ? "Check where the file comes from: it is built to exhaust memory."
                  : "Open it in an office program and save it again without a password."};
}

Refusal damaged_office_file(const char* type) {
    return {type, "the document inside the file is damaged", "Open it in an office program and save it again."};
}

std::string core_title(ZipEntries& archive) {
    const auto part = archive.bytes.find(kCorePart);
    pugi::xml_document tree;
    if (part == archive.bytes.end() || !xml::load(tree, part->second)) return {};
    return collapse_blanks(xml::child(tree.document_element(), "title").text().get());
}

std::map<std::string, std::string> relations_of(ZipEntries& archive, std::string_view part) {
    std::map<std::string, std::string> targets;
    each_relation(archive, part, [&](const pugi::xml_node& relation) {
        targets.emplace(xml::attribute(relation, "Id"), resolve_name(part, xml::attribute(relation, "Target")));
    });
    return targets;
}

std::string related_part(ZipEntries& archive, std::string_view part, std::string_view type) {
    std::string name;
    each_relation(archive, part, [&](const pugi::xml_node& relation) {
        if (name.empty() && xml::attribute(relation, "Type").ends_with(type))
            name = resolve_name(part, xml::attribute(relation, "Target"));
    });
    return name;
}

std::string relation_id(const pugi::xml_node& node) {
    for (const pugi::xml_attribute& attribute : node.attributes()) {
        if (std::string_view(attribute.name()).ends_with(":id")) return attribute.value();
    }
    return {};
}

std::string resolve_name(std::string_view base, std::string_view target) {
    std::string name = decode_percent(target.substr(0, target.find('#')));
    if (name.starts_with('/')) return name.substr(1);
    const auto slash = base.rfind('/');
    std::string folder(slash == std::string_view::npos ? std::string_view() : base.substr(0, slash));
    while (name.starts_with("../") || name.starts_with("./")) {
        const bool up = name.starts_with("../");
        name.erase(0, up ? 3 : 2);
        if (!up) continue;
        const auto last = folder.rfind('/');
        folder.resize(last == std::string::npos ? 0 : last);
    }
    return folder.empty() ? name : folder + "/" + name;
}

}  // namespace hearth::ingest
