#include "web/multipart.h"

#include <algorithm>
#include <cctype>

namespace hearth::web {
namespace {

constexpr std::size_t kMaxParts = 64;
constexpr std::size_t kMaxPartHeaderBytes = 8u << 10;
constexpr std::size_t kMaxBoundaryBytes = 70;  // RFC 2046

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// The value of `key` in "form-data; key=value; key2=\"quoted \\\" value\"".
std::string parameter_of(std::string_view header, std::string_view key) {
    std::size_t at = std::min(header.find(';'), header.size());
    while (at < header.size()) {
        ++at;
        const std::size_t equals = header.find('=', at);
        if (equals == std::string_view::npos) return {};
        const std::string_view name = trimmed(header.substr(at, equals - at));
        std::string value;
        at = equals + 1;
        if (at < header.size() && header[at] == '"') {
            for (++at; at < header.size() && header[at] != '"'; ++at) {
                const char next = at + 1 < header.size() ? header[at + 1] : '\0';
                if (header[at] == '\\' && (next == '"' || next == '\\')) ++at;
                value.push_back(header[at]);
            }
            at = std::min(header.find(';', at), header.size());
        } else {
            const std::size_t end = std::min(header.find(';', at), header.size());
            value = std::string(trimmed(header.substr(at, end - at)));
            at = end;
        }
        if (equal_ignoring_case(name, key)) return value;
    }
    return {};
}

void read_part_headers(std::string_view headers, FormPart& part) {
    while (!headers.empty()) {
        const std::size_t end = std::min(headers.find("\r\n"), headers.size());
        const std::string_view line = headers.substr(0, end);
        headers.remove_prefix(std::min(end + 2, headers.size()));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        if (!equal_ignoring_case(line.substr(0, colon), "content-disposition")) continue;
        part.name = parameter_of(line.substr(colon + 1), "name");
        part.file_name = parameter_of(line.substr(colon + 1), "filename");
    }
}

}  // namespace

std::string multipart_boundary(std::string_view content_type) {
    const std::string_view kind = trimmed(content_type.substr(0, content_type.find(';')));
    if (!equal_ignoring_case(kind, "multipart/form-data")) return {};
    std::string boundary = parameter_of(content_type, "boundary");
    return boundary.size() > kMaxBoundaryBytes ? std::string() : boundary;
}

Result<std::vector<FormPart>> parse_multipart(std::string_view body, std::string_view boundary) {
    const Error malformed(ErrorCode::kInvalidArgument, "the multipart form is malformed or was cut short");
    const std::string opening = "--" + std::string(boundary);
    const std::string delimiter = "\r\n" + opening;
    std::size_t at = body.starts_with(opening) ? 0 : body.find(delimiter);
    if (boundary.empty() || at == std::string_view::npos) return malformed;
    at += at == 0 && body.starts_with(opening) ? opening.size() : delimiter.size();
    std::vector<FormPart> parts;
    for (;;) {
        std::string_view rest = body.substr(at);
        if (rest.starts_with("--")) return parts;
        if (!rest.starts_with("\r\n") || parts.size() == kMaxParts) return malformed;
        rest.remove_prefix(2);
        const std::size_t headers = rest.substr(0, kMaxPartHeaderBytes).find("\r\n\r\n");
        if (headers == std::string_view::npos) return malformed;
        FormPart part;
        read_part_headers(rest.substr(0, headers), part);
        rest.remove_prefix(headers + 4);
        const std::size_t end = rest.find(delimiter);
        if (end == std::string_view::npos) return malformed;
        part.content = rest.substr(0, end);
        parts.push_back(std::move(part));
        at = static_cast<std::size_t>(rest.data() - body.data()) + end + delimiter.size();
    }
}

}  // namespace hearth::web
