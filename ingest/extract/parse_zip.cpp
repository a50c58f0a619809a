// Archives: office files by what lies in them, others as folders.
#include <algorithm>

#include "ingest/extract/office.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/parts.h"
#include "ingest/file_name.h"

namespace hearth::ingest {
namespace {

/// Files that a person put there, not what programs leave beside them.
bool is_wanted(std::string_view name) {
    return !name.ends_with('/') && !name.starts_with("__MACOSX/") && !is_scratch_name(base_name(name));
}

Extraction read_folder(const ZipEntries& archive, std::string_view name, ParseLimits limits) {
    Document document{"archive", {}, {}, {}};
    --limits.nesting;  // and once more for each file in it
    std::size_t read = 0;
    for (const auto& [path, bytes] : archive.bytes) {
        if (bytes.empty()) continue;
        const std::string inner = path == kOnlyEntry ? file_stem(name) : path;
        read += append_file(document, bytes, inner, inner, 1, limits) ? 1 : 0;
    }
    if (read > 0) return document;
    return Refusal{"archive", "an archive in which no file can be read", "Unpack it to see which files these are."};
}

}  // namespace

Extraction parse_zip(std::string_view bytes, std::string_view name, const ParseLimits& limits) {
    const auto archive = read_zip(bytes, [](std::string_view entry) { return entry == "mimetype"; });
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
    const auto all = read_zip(bytes, is_wanted);
    if (!all.ok()) return refuse_archive("archive", all.error());
    return read_folder(*all, name, limits);
}

Extraction parse_tar(std::string_view bytes, std::string_view name, const ParseLimits& limits) {
    const auto all = read_tar(bytes, is_wanted);
    if (!all.ok()) return refuse_archive("archive", all.error());
    return read_folder(*all, name, limits);
}

}  // namespace hearth::ingest
