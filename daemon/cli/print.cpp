#include "daemon/cli/print.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/log.h"
#include "core/utf8.h"

namespace hearth::cli {
namespace {

/// escape_control(), and the C1 controls (U+0080 to U+009F) that some terminals obey too.
std::string terminal_text(std::string_view text) {
    const std::string escaped = escape_control(text);
    std::string out;
    for (std::size_t at = 0; at < escaped.size();) {
        const DecodedCodePoint point = decode_utf8(escaped, at);
        if (point.value >= 0x80 && point.value < 0xA0) {
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(point.value));
            out += code;
        } else {
            out.append(escaped, at, point.length);
        }
        at += point.length;
    }
    return out;
}

void write_line(std::FILE* stream, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fputc('\n', stream);
    std::fflush(stream);
}

}  // namespace

void print_line(std::string_view text) {
    write_line(stdout, text);
}

void print_error_line(std::string_view text) {
    write_line(stderr, text);
}

void print_piece(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
        const std::string shown = terminal_text(text.substr(0, end));
        std::fwrite(shown.data(), 1, shown.size(), stdout);
        if (end < text.size()) std::fputc(text[end], stdout);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    std::fflush(stdout);
}

void print_json(const nlohmann::json& value) {
    write_line(stdout, dump_json(value, 2));
}

std::string one_line(std::string_view text, std::size_t limit) {
    std::string out;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!space) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
        if (out.size() > limit) {
            out.resize(utf8_floor(out, limit));
            out += "…";
            break;
        }
    }
    return terminal_text(out);
}

std::string human_bytes(double bytes) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    while (bytes >= 1024 && unit < 4) {
        bytes /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

std::string place_of(const nlohmann::json& result) {
    const auto& chunk = result.at("chunk");
    std::string place = result.at("document").at("path").get<std::string>();
    if (chunk.contains("page") && chunk["page"].is_number())
        place += ", page " + std::to_string(chunk["page"].get<int>());
    const std::string heading = chunk.value("heading", "");
    if (!heading.empty()) place += ", " + heading;
    return terminal_text(place);
}

}  // namespace hearth::cli
