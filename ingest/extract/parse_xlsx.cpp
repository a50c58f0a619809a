// Excel files: every sheet's cells as they are shown, formulas by the value that was last computed.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "ingest/extract/office.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/spreadsheet.h"
#include "ingest/extract/xml_walk.h"

namespace hearth::ingest {
namespace {

using xml::attribute;
using xml::child;
using xml::local_name;

constexpr const char* kWorkbookPart = "xl/workbook.xml";
constexpr const char* kStringsPart = "xl/sharedStrings.xml";
constexpr const char* kStylesPart = "xl/styles.xml";

bool is_wanted(std::string_view name) {
    return name == kCorePart || name == kWorkbookPart || name == "xl/_rels/workbook.xml.rels" || name == kStringsPart ||
           name == kStylesPart || (name.starts_with("xl/worksheets/") && name.ends_with(".xml"));
}

/// The words of a rich string, without the reading aids for Asian scripts.
std::string string_of(const pugi::xml_node& item) {
    std::string text;
    bool descend = true;
    for (pugi::xml_node node = item.first_child(); node; node = xml::following(item, node, descend)) {
        descend = local_name(node) != "rPh";
        if (local_name(node) == "t") text += node.text().get();
    }
    return collapse_blanks(text);
}

std::vector<std::string> read_strings(ZipEntries& archive) {
    std::vector<std::string> strings;
    const auto part = archive.bytes.find(kStringsPart);
    pugi::xml_document tree;
    if (part == archive.bytes.end() || !xml::load(tree, part->second)) return strings;
    for (const pugi::xml_node& item : tree.document_element().children()) {
        if (local_name(item) == "si") strings.push_back(string_of(item));
    }
    return strings;
}

enum class Format { kPlain, kDate, kPercent };

/// ECMA-376 part 1, 18.8.30: dates hold y, m, d, h or s outside quotes and brackets.
Format format_of_code(std::string_view code) {
    bool quoted = false;
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (code[i] == '"') quoted = !quoted;
        if (quoted) continue;
        if (code[i] == '\\' || code[i] == '_' || code[i] == '*') {
            ++i;
        } else if (code[i] == '[') {
            const auto end = code.find(']', i);
            if (end == std::string_view::npos) return Format::kPlain;
            if (code[i + 1] == 'h' || code[i + 1] == 'm' || code[i + 1] == 's') return Format::kDate;
            i = end;
        } else if (code[i] == '%') {
            return Format::kPercent;
        } else if (std::string_view("ymdhsYMDHS").find(code[i]) != std::string_view::npos) {
            return Format::kDate;
        } else if (code.substr(i, 7) == "General") {
            return Format::kPlain;
        }
    }
    return Format::kPlain;
}

Format builtin_format(int id) {
    if ((id >= 14 && id <= 22) || (id >= 45 && id <= 47)) return Format::kDate;
    return id == 9 || id == 10 ? Format::kPercent : Format::kPlain;
}

/// By the style number that cells bear.
std::vector<Format> read_formats(ZipEntries& archive) {
    std::vector<Format> formats;
    const auto part = archive.bytes.find(kStylesPart);
    pugi::xml_document tree;
    if (part == archive.bytes.end() || !xml::load(tree, part->second)) return formats;
    std::map<int, Format> custom;
    for (const pugi::xml_node& node : child(tree.document_element(), "numFmts").children())
        custom[xml::number(attribute(node, "numFmtId"))] = format_of_code(attribute(node, "formatCode"));
    for (const pugi::xml_node& node : child(tree.document_element(), "cellXfs").children()) {
        const int id = xml::number(attribute(node, "numFmtId"));
        const auto found = custom.find(id);
        formats.push_back(found == custom.end() ? builtin_format(id) : found->second);
    }
    return formats;
}

/// "AB12" is column 27, counted from 0.
std::optional<std::size_t> column_of(std::string_view reference) {
    std::size_t column = 0;
    for (const char c : reference) {
        if (c < 'A' || c > 'Z') break;
        column = column * 26 + static_cast<std::size_t>(c - 'A' + 1);
        if (column > kMaxSheetColumns) return std::nullopt;
    }
    return column == 0 ? std::nullopt : std::optional(column - 1);
}

struct Workbook {
    std::vector<std::string> strings;
    std::vector<Format> formats;
    bool since_1904 = false;
};

std::string number_text(const Workbook& book, const pugi::xml_node& cell, std::string_view raw) {
    double value = 0;
    const auto result = std::from_chars(raw.data(), raw.data() + raw.size(), value);
    if (result.ec != std::errc() || result.ptr != raw.data() + raw.size()) return std::string(raw);
    const auto style = static_cast<std::size_t>(std::max(xml::number(attribute(cell, "s")), 0));
    const Format format = style < book.formats.size() ? book.formats[style] : Format::kPlain;
    if (format == Format::kDate) return print_serial_date(value, book.since_1904);
    if (format == Format::kPercent) return print_number(value * 100) + "%";
    return print_number(value);
}

std::string cell_text(const Workbook& book, const pugi::xml_node& cell) {
    const std::string_view type = attribute(cell, "t");
    if (type == "inlineStr") return string_of(child(cell, "is"));
    const std::string raw = child(cell, "v").text().get();
    if (raw.empty()) {
        const std::string formula = child(cell, "f").text().get();
        return formula.empty() ? std::string() : "=" + collapse_blanks(formula);
    }
    if (type == "s") {
        const auto index = static_cast<std::size_t>(std::max(xml::number(raw), 0));
        return index < book.strings.size() ? book.strings[index] : std::string();
    }
    if (type == "b") return raw == "1" ? "TRUE" : "FALSE";
    if (type == "str" || type == "e" || type == "d") return collapse_blanks(raw);
    return number_text(book, cell, raw);
}

std::optional<Refusal> read_rows(const Workbook& book, std::string& bytes, std::vector<Row>& rows) {
    pugi::xml_document tree;
    if (!xml::load(tree, bytes)) return damaged_office_file("xlsx");
    std::size_t cells = 0;
    for (const pugi::xml_node& row : child(tree.document_element(), "sheetData").children()) {
        Row out;
        for (const pugi::xml_node& cell : row.children()) {
            if (local_name(cell) != "c") continue;
            std::string text = cell_text(book, cell);
            if (text.empty()) continue;
            const std::size_t column = column_of(attribute(cell, "r")).value_or(out.size());
            if (column >= kMaxSheetColumns) return damaged_office_file("xlsx");
            if (column >= out.size()) out.resize(column + 1);
            out[column] = std::move(text);
        }
        cells += out.size();
        if (cells > kMaxSheetCells) return too_many_cells("xlsx");
        if (!out.empty()) rows.push_back(std::move(out));
    }
    return std::nullopt;
}

}  // namespace

Extraction parse_xlsx(std::string_view bytes) {
    auto archive = read_zip(bytes, is_wanted);
    if (!archive.ok()) return refuse_archive("xlsx", archive.error());
    const auto part = archive->bytes.find(kWorkbookPart);
    pugi::xml_document tree;
    if (part == archive->bytes.end() || !xml::load(tree, part->second)) return damaged_office_file("xlsx");
    const std::string_view epoch = attribute(child(tree.document_element(), "workbookPr"), "date1904");
    const Workbook book{read_strings(*archive), read_formats(*archive), epoch == "1" || epoch == "true"};
    const auto targets = relations_of(*archive, kWorkbookPart);
    Document document{"xlsx", core_title(*archive), {}, {}};
    TextBuilder builder(document);
    int number = 0;
    for (const pugi::xml_node& node : child(tree.document_element(), "sheets").children()) {
        const std::string_view state = attribute(node, "state");
        Sheet sheet{std::string(attribute(node, "name")), state == "hidden" || state == "veryHidden", {}};
        ++number;
        const auto target = targets.find(relation_id(node));
        const auto sheet_part = target == targets.end() ? archive->bytes.end() : archive->bytes.find(target->second);
        if (sheet_part == archive->bytes.end()) continue;  // a chart or a dialog on a sheet of its own
        if (auto refusal = read_rows(book, sheet_part->second, sheet.rows)) return *refusal;
        write_sheet(builder, std::move(sheet), number);
    }
    return document;
}

}  // namespace hearth::ingest
