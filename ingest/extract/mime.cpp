#include "ingest/extract/mime.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "ingest/extract/charset.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/text_builder.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxParts = 2000;
constexpr std::size_t kMaxHeaderBytes = 256 << 10;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

/// "Subject" of "Subject: x"; empty for a line that is no header.
std::string_view header_name(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > 76) return {};
    const std::string_view name = line.substr(0, colon);
    const bool good = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7F; });
    return good ? name : std::string_view();
}

/// Reads headers into `part`; returns where the body begins.
std::size_t read_headers(std::string_view bytes, MimePart& part) {
    std::size_t at = 0;
    std::string name;
    std::string value;
    const auto keep = [&] {
        if (!name.empty()) part.headers.emplace(lower(name), collapse_blanks(decode_words(value)));
    };
    while (at < bytes.size() && at < kMaxHeaderBytes) {
        const Line line = read_line(bytes, at);
        at = line.span.end;
        if (line.words.empty()) break;
        const std::string_view whole = bytes.substr(line.span.start, line.span.end - line.span.start);
        if (is_blank(whole[0])) {
            value += ' ';
            value += line.words;
            continue;
        }
        const std::string_view next = header_name(whole);
        if (next.empty()) continue;
        keep();
        name = next;
        value = whole.substr(next.size() + 1);
    }
    keep();
    return at;
}

/// `charset` of "text/plain; charset="utf-8"". RFC 2231's "filename*=utf-8''a%20b" is decoded; pieces are not joined.
std::string parameter(std::string_view value, std::string_view name) {
    const std::string low = lower(value);
    for (auto at = low.find(name); at != std::string::npos; at = low.find(name, at + 1)) {
        const bool begins = at > 0 && (low[at - 1] == ';' || is_blank(low[at - 1]));
        std::size_t end = at + name.size();
        const bool encoded = end < low.size() && low[end] == '*';
        if (encoded) ++end;
        if (!begins || end >= low.size() || low[end] != '=') continue;
        std::string_view rest = value.substr(end + 1);
        const bool quoted = rest.starts_with('"');
        if (quoted) rest.remove_prefix(1);
        std::string found(rest.substr(0, rest.find_first_of(quoted ? "\"" : "; \t")));
        if (!encoded) return found;
        const auto language = found.find('\'');
        const auto text = language == std::string::npos ? language : found.find('\'', language + 1);
        if (text == std::string::npos) return found;
        const std::string charset = found.substr(0, language);
        found.erase(0, text + 1);
        std::replace(found.begin(), found.end(), '%', '=');
        return to_utf8(decode_quoted_printable(found), charset).value_or(found);
    }
    return {};
}

void describe(MimePart& part) {
    const std::string type = part.header("content-type");
    if (!type.empty()) part.type = lower(collapse_blanks(type.substr(0, type.find(';'))));
    part.charset = parameter(type, "charset");
    const std::string disposition = part.header("content-disposition");
    part.attachment = lower(disposition).starts_with("attachment");
    part.file_name = parameter(disposition, "filename");
    if (part.file_name.empty()) part.file_name = parameter(type, "name");
}

MimePart parse_part(std::string_view bytes, int depth, std::size_t& left);

/// Between lines "--boundary", up to "--boundary--".
void split_parts(MimePart& part, const std::string& boundary, int depth, std::size_t& left) {
    const std::string mark = "--" + boundary;
    std::optional<std::size_t> start;
    for (std::size_t at = part.raw.starts_with(mark) ? 0 : part.raw.find("\n" + mark);
         at != std::string_view::npos && left > 0;) {
        const std::size_t line = part.raw[at] == '\n' ? at + 1 : at;
        if (start && *start <= at)
            part.parts.push_back(parse_part(part.raw.substr(*start, at - *start), depth + 1, left));
        if (part.raw.substr(line + mark.size(), 2) == "--") return;
        start = next_line(part.raw, line, part.raw.size());
        at = part.raw.find("\n" + mark, *start == 0 ? 0 : *start - 1);
    }
    // A message that was cut off ends inside its last part.
    if (start && left > 0 && *start < part.raw.size())
        part.parts.push_back(parse_part(part.raw.substr(*start), depth + 1, left));
}

MimePart parse_part(std::string_view bytes, int depth, std::size_t& left) {
    MimePart part;
    --left;
    part.raw = bytes.substr(read_headers(bytes, part));
    describe(part);
    if (!part.type.starts_with("multipart/") || depth >= kMaxDepth) return part;
    const std::string boundary = parameter(part.header("content-type"), "boundary");
    if (!boundary.empty()) split_parts(part, boundary, depth, left);
    return part;
}

int base64_value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

}  // namespace

std::string MimePart::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

std::string MimePart::body() const {
    const std::string encoding = lower(collapse_blanks(header("content-transfer-encoding")));
    if (encoding == "base64") return decode_base64(raw);
    if (encoding == "quoted-printable") return decode_quoted_printable(raw);
    return std::string(raw);
}

MimePart parse_mime(std::string_view bytes) {
    std::size_t left = kMaxParts;
    return parse_part(bytes, 0, left);
}

bool starts_like_mail(std::string_view bytes) {
    constexpr std::array<std::string_view, 9> kSure = {
        "from", "to", "subject", "date", "message-id", "mime-version", "received", "return-path", "content-type"};
    std::size_t sure = 0;
    for (std::size_t at = 0; at < bytes.size() && at < kMaxHeaderBytes;) {
        const Line line = read_line(bytes, at);
        if (line.words.empty()) break;
        const std::string_view whole = bytes.substr(at, line.span.end - at);
        at = line.span.end;
        if (is_blank(whole[0]) && line.span.start > 0) continue;
        const std::string name = lower(header_name(whole));
        if (name.empty()) return false;
        sure += std::find(kSure.begin(), kSure.end(), name) != kSure.end() ? 1 : 0;
    }
    return sure >= 3;
}

std::string decode_base64(std::string_view text) {
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        if (c == '=') break;
        const int value = base64_value(c);
        if (value < 0) continue;
        bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFF);
    }
    return out;
}

std::string decode_quoted_printable(std::string_view text, bool in_header) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (in_header && text[i] == '_') {
            out += ' ';
        } else if (text[i] != '=') {
            out += text[i];
        } else if (text.substr(i + 1, 1) == "\n" || text.substr(i + 1, 2) == "\r\n") {
            i += text[i + 1] == '\n' ? 1 : 2;
        } else {
            int value = 0;
            const std::string_view digits = text.substr(i + 1, 2);
            const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
            const bool good =
                digits.size() == 2 && result.ec == std::errc() && result.ptr == digits.data() + 2 && value >= 0;
            out += good ? static_cast<char>(value) : '=';
            if (good) i += 2;
        }
    }
    return out;
}

std::string decode_words(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto begin = text.find("=?", at);
        const auto code = begin == std::string_view::npos ? begin : text.find('?', begin + 2);
        const auto words = code == std::string_view::npos ? code : text.find('?', code + 1);
        const auto end = words == std::string_view::npos ? words : text.find("?=", words + 1);
        if (end == std::string_view::npos || words != code + 2) {
            if (begin == std::string_view::npos || words == std::string_view::npos) break;
            out += text.substr(at, begin + 2 - at);
            at = begin + 2;
            continue;
        }
        const std::string_view between = text.substr(at, begin - at);
        // Blanks between two encoded words are not shown.
        if (at == 0 || !collapse_blanks(between).empty()) out += between;
        const std::string_view body = text.substr(words + 1, end - words - 1);
        const bool base64 = text[code + 1] == 'B' || text[code + 1] == 'b';
        const std::string bytes = base64 ? decode_base64(body) : decode_quoted_printable(body, true);
        const std::string charset(text.substr(begin + 2, code - begin - 2));
        out += to_utf8(bytes, charset).value_or(bytes);
        at = end + 2;
    }
    return out + std::string(text.substr(at));
}

}  // namespace hearth::ingest
