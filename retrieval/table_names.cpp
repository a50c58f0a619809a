#include "retrieval/table_names.h"

#include "core/sqlite_guard.h"
#include "core/utf8.h"

namespace hearth::retrieval {
namespace {

constexpr std::size_t kMaxNameBytes = 60;

/// Blanks and punctuation beyond ASCII, roughly: what nobody would type inside a name.
bool separates(char32_t point) {
    if (point < 0x80) {
        const bool letter = (point >= 'a' && point <= 'z') || (point >= '0' && point <= '9');
        return !letter;
    }
    return point <= 0xBF || point == 0xD7 || point == 0xF7 || (point >= 0x2000 && point <= 0x2BFF) ||
           (point >= 0x3000 && point <= 0x3004) || (point >= 0x3008 && point <= 0x3020) ||
           (point >= 0xFE10 && point <= 0xFE6F) || point == 0xFEFF || (point >= 0xFF00 && point <= 0xFF0F) ||
           point >= 0xFFF0;
}

std::string stem_of(std::string_view path) {
    path = path.substr(path.find_last_of('/') + 1);
    const std::size_t dot = path.find_last_of('.');
    return std::string(dot == 0 ? path : path.substr(0, dot));
}

}  // namespace

std::string sql_name(std::string_view text, std::string_view fallback) {
    std::string name;
    bool gap = false;
    for (std::size_t at = 0; at < text.size() && name.size() < kMaxNameBytes;) {
        const DecodedCodePoint point = decode_utf8(text, at);
        at += point.length;
        const char32_t lower = point.value >= 'A' && point.value <= 'Z' ? point.value - 'A' + 'a' : point.value;
        if (!point.valid || separates(lower)) {
            gap = true;
            continue;
        }
        if (gap && !name.empty()) name += '_';
        gap = false;
        append_utf8(name, lower);
    }
    name.resize(utf8_floor(name, kMaxNameBytes));
    if (name.empty()) name = fallback;
    const bool digit = name.front() >= '0' && name.front() <= '9';
    if (digit || name.starts_with("sqlite_")) name = std::string(fallback) + "_" + name;
    if (is_sql_keyword(name)) name += '_';
    return name;
}

std::string table_name(std::string_view path, std::string_view title, bool several, std::size_t ordinal) {
    const std::string stem = stem_of(path);
    if (!several || title == stem) return sql_name(stem, "data");
    return sql_name(stem + " " + (title.empty() ? std::to_string(ordinal + 1) : std::string(title)), "data");
}

std::string unique_name(const std::string& name, std::set<std::string>& taken) {
    std::string candidate = name;
    for (int number = 2; !taken.insert(candidate).second; ++number) candidate = name + "_" + std::to_string(number);
    return candidate;
}

}  // namespace hearth::retrieval
