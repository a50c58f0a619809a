// Zip archives by what lies in them.
#include "ingest/extract/office.h"
#include "ingest/extract/parsers.h"

namespace hearth::ingest {

Extraction parse_zip(std::string_view bytes) {
    const auto archive = read_zip(bytes, [](std::string_view name) { return name == "mimetype"; });
    if (!archive.ok()) return refuse_archive("unknown", archive.error());
    const auto& names = archive->names;
    if (names.contains("word/document.xml")) return parse_docx(bytes);
    if (names.contains("xl/workbook.xml")) return parse_xlsx(bytes);
    if (names.contains("ppt/presentation.xml")) return parse_pptx(bytes);
    const auto mime = archive->bytes.find("mimetype");
    const std::string_view type = mime == archive->bytes.end() ? std::string_view() : std::string_view(mime->second);
    if (type.starts_with("application/epub+zip")) return parse_epub(bytes);
    if (type.starts_with("application/vnd.oasis.opendocument")) return parse_odf(bytes);
    if (names.contains("xl/workbook.bin"))
        return Refusal{"unknown", "a binary spreadsheet (.xlsb)", "Save it as .xlsx."};
    return Refusal{"unknown", "a zip archive", "Unpack it into the folder."};
}

}  // namespace hearth::ingest
