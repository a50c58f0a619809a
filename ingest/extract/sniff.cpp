#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "ingest/extract/charset.h"
#include "ingest/extract/mime.h"
#include "ingest/extract/parsers.h"
#include "ingest/extract/sniff_text.h"
#include "ingest/file_name.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::string_view kReadable =
    "hearth reads text, PDF, office, mail and book files; pictures and programs it does not.";

struct Magic {
    std::string_view bytes;
    const char* reason;
    const char* remedy;
};

constexpr std::array<Magic, 7> kMagics = {{
    {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old or password-protected Office file",
     "Open it in an office program and save it as .docx or PDF without a password."},
    {"\x89PNG\r\n", "a picture", "Run text recognition (OCR) and drop the resulting PDF or text."},
    {"\xFF\xD8\xFF", "a picture", "Run text recognition (OCR) and drop the resulting PDF or text."},
    {"GIF8", "a picture", "Run text recognition (OCR) and drop the resulting PDF or text."},
    {"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", "Unpack it into the folder."},
    {"Rar!\x1A\x07", "a RAR archive", "Unpack it into the folder."},
    {"\x7F"
     "ELF",
     "a program", ""},
}};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string ending(std::string_view name) {
    const auto base = base_name(name);
    const auto dot = base.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? std::string() : lower(base.substr(dot + 1));
}

Sniffed refused(std::string reason, std::string remedy) {
    return {FileKind::kRefused,
            {"unknown", std::move(reason), remedy.empty() ? std::string(kReadable) : std::move(remedy)},
            nullptr};
}

/// Tar, or what gzip, bzip2, xz and zstd pack.
bool is_tar(std::string_view bytes) {
    static constexpr std::array<std::string_view, 4> kPacked = {"\x1F\x8B\x08", "BZh",
                                                                "\xFD"
                                                                "7zXZ",
                                                                "\x28\xB5\x2F\xFD"};
    return bytes.substr(std::min<std::size_t>(257, bytes.size()), 5) == "ustar" ||
           std::any_of(kPacked.begin(), kPacked.end(), [&](auto magic) { return bytes.starts_with(magic); });
}

using Parser = Extraction (*)(std::string_view);

Parser parser_of(FileKind kind) {
    static const std::map<FileKind, Parser> kParsers = {{FileKind::kMarkdown, parse_markdown},
                                                        {FileKind::kHtml, parse_html},
                                                        {FileKind::kCsv, parse_csv},
                                                        {FileKind::kJson, parse_json_text},
                                                        {FileKind::kJsonLines, parse_json_lines},
                                                        {FileKind::kNotebook, parse_notebook},
                                                        {FileKind::kYaml, parse_yaml},
                                                        {FileKind::kToml, parse_toml},
                                                        {FileKind::kXml, parse_xml},
                                                        {FileKind::kRst, parse_rst},
                                                        {FileKind::kAsciidoc, parse_asciidoc},
                                                        {FileKind::kLatex, parse_latex},
                                                        {FileKind::kOrg, parse_org},
                                                        {FileKind::kRtf, parse_rtf}};
    const auto found = kParsers.find(kind);
    return found == kParsers.end() ? parse_text : found->second;
}

}  // namespace

bool is_pdf(std::string_view bytes) noexcept {
    // One inside an uncompressed archive is not the file's own.
    const bool archive = bytes.starts_with("PK\x03\x04") || bytes.substr(0, 512).find("ustar") == 257;
    return !archive && bytes.substr(0, 1024).find("%PDF-") != std::string_view::npos;
}

Sniffed sniff(std::string_view bytes, std::string_view name) {
    if (bytes.empty()) return refused("the file is empty", "Write something into it, or delete it.");
    if (is_pdf(bytes)) return {FileKind::kPdf, {}, nullptr};
    if (bytes.starts_with(std::string_view("PK\x03\x04", 4))) return {FileKind::kZip, {}, nullptr};
    if (is_tar(bytes)) return {FileKind::kTar, {}, nullptr};
    for (const Magic& magic : kMagics) {
        if (bytes.starts_with(magic.bytes)) return refused(magic.reason, magic.remedy);
    }
    if (starts_like_mail(bytes)) return {FileKind::kMail, {}, nullptr};
    if (bytes.starts_with("From ") && starts_like_mail(bytes.substr(next_line(bytes, 0, bytes.size()))))
        return {FileKind::kMailbox, {}, nullptr};
    if (!looks_like_text(bytes)) return refused("a binary file of an unknown kind", "");
    return sniff_text(bytes, ending(name));
}

Extraction finish(Extraction extraction, std::string_view name, const ParseLimits& limits) {
    auto* document = std::get_if<Document>(&extraction);
    if (document == nullptr) return extraction;
    if (document->text.size() > limits.max_text_bytes) {
        return Refusal{document->type,
                       "the file holds more than " + std::to_string(limits.max_text_bytes >> 20) + " MiB of text",
                       "Split the file."};
    }
    const std::size_t start = document->text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    if (trim_blanks(document->text, {start, document->text.size()}).start >= document->text.size()) {
        return Refusal{document->type, "the file holds no text", "Write something into it, or delete it."};
    }
    if (document->title.empty())
        document->title = document->type == "code" ? std::string(base_name(name)) : file_stem(name);
    return extraction;
}

Extraction extract_bytes(std::string_view bytes, std::string_view name, const ParseLimits& limits) {
    const Sniffed sniffed = sniff(bytes, name);
    if (sniffed.kind == FileKind::kRefused) return sniffed.refusal;
    if (sniffed.kind == FileKind::kPdf)
        return Refusal{"pdf", "a PDF inside another file is not read", "Put the PDF itself into the folder."};
    if (sniffed.kind == FileKind::kCode) return finish(parse_code(bytes, *sniffed.language), name, limits);
    if (sniffed.kind == FileKind::kZip) return finish(parse_zip(bytes, name, limits), name, limits);
    if (sniffed.kind == FileKind::kTar) return finish(parse_tar(bytes, name, limits), name, limits);
    if (sniffed.kind == FileKind::kMail) return finish(parse_mail(bytes, limits), name, limits);
    if (sniffed.kind == FileKind::kMailbox) return finish(parse_mailbox(bytes, limits), name, limits);
    return finish(parser_of(sniffed.kind)(bytes), name, limits);
}

}  // namespace hearth::ingest
