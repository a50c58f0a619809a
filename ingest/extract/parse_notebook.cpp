// Jupyter notebooks (nbformat 3 and 4): Markdown cells, code cells and what they printed.
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/utf8.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/parts.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/text_builder.h"

namespace hearth::ingest {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxNotebookBytes = 64u << 20;
constexpr std::size_t kMaxOutputBytes = 16 << 10;  // of one cell: logs of training runs say little

const json& member(const json& object, const char* name) {
    static const json kNothing;
    if (!object.is_object()) return kNothing;
    const auto found = object.find(name);
    return found == object.end() ? kNothing : *found;
}

/// nbformat writes text as one string or as a list of lines.
std::string text_of(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    std::string text;
    if (!value.is_array()) return text;
    for (const json& line : value) {
        if (line.is_string()) text += line.get_ref<const std::string&>();
    }
    return text;
}

std::string output_of(const json& output) {
    std::string text = text_of(member(output, "text"));
    text += text_of(member(member(output, "data"), "text/plain"));
    const std::string error = text_of(member(output, "evalue"));
    if (!error.empty()) text += text_of(member(output, "ename")) + ": " + error;
    return text;
}

void add_code(Document& document, const json& cell) {
    TextBuilder builder(document);
    const json& source = member(cell, "source");
    builder.add(BlockKind::kCode, text_of(source.is_null() ? member(cell, "input") : source));
    std::string printed;
    const json& outputs = member(cell, "outputs");
    for (std::size_t i = 0; outputs.is_array() && i < outputs.size(); ++i) {
        const std::string text = output_of(outputs[i]);
        if (!text.empty()) printed += text + "\n";
    }
    printed.resize(utf8_floor(printed, kMaxOutputBytes));
    if (!printed.empty()) builder.add(BlockKind::kCode, "Output:\n" + printed);
}

void add_cell(Document& document, const json& cell) {
    const json& kind = member(cell, "cell_type");
    if (!kind.is_string()) return;
    const auto& type = kind.get_ref<const std::string&>();
    if (type == "code") return add_code(document, cell);
    const std::string source = text_of(member(cell, "source"));
    const Extraction part = type == "markdown" || type == "heading" ? parse_markdown(source) : parse_text(source);
    if (const auto* words = std::get_if<Document>(&part); words != nullptr && !words->text.empty())
        append_part(document, *words, 0);
}

}  // namespace

Extraction parse_notebook(std::string_view bytes) {
    const auto notebook = parse_json(bytes, {.bytes = kMaxNotebookBytes, .depth = 64});
    if (!notebook.ok()) return parse_json_text(bytes);
    Document document{"notebook", {}, {}, {}};
    document.title = text_of(member(member(*notebook, "metadata"), "title"));
    const auto add_cells = [&](const json& cells) {
        for (std::size_t i = 0; cells.is_array() && i < cells.size(); ++i) add_cell(document, cells[i]);
    };
    add_cells(member(*notebook, "cells"));
    const json& sheets = member(*notebook, "worksheets");
    for (std::size_t i = 0; sheets.is_array() && i < sheets.size(); ++i) add_cells(member(sheets[i], "cells"));
    title_from_heading(document);
    return document;
}

}  // namespace hearth::ingest
