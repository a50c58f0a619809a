#include "ingest/sentences.h"

#include <algorithm>
#include <array>

#include "core/utf8.h"

namespace hearth::ingest {
namespace {

enum class Stop { kNone, kLatin, kFull };

/// kLatin needs a blank behind it ("3.5" goes on), kFull does not (CJK writes none).
Stop stop_of(char32_t c) noexcept {
    if (c == U'.' || c == U'!' || c == U'?' || c == U'\u2026' || c == U'\u061F' || c == U'\u06D4') return Stop::kLatin;
    if (c == U'\u3002' || c == U'\uFF01' || c == U'\uFF1F' || c == U'\u0964' || c == U'\u0965') return Stop::kFull;
    return Stop::kNone;
}

bool closes(char32_t c) noexcept {
    static constexpr std::array<char32_t, 11> kClosers = {U'"',      U'\'',     U')',      U']',      U'*',     U'_',
                                                          U'\u201D', U'\u2019', U'\u00BB', U'\u300D', U'\u300F'};
    return std::find(kClosers.begin(), kClosers.end(), c) != kClosers.end();
}

bool is_upper(char c) noexcept {
    return c >= 'A' && c <= 'Z';
}

/// "J." as in "J. Doe": one capital that starts a word.
bool ends_initial(std::string_view text, std::size_t from, std::size_t stop) noexcept {
    if (stop == from || !is_upper(text[stop - 1])) return false;
    return stop - 1 == from || is_blank(text[stop - 2]) || text[stop - 2] == '.';
}

std::size_t skip_blanks(std::string_view text, std::size_t at, std::size_t end) noexcept {
    while (at < end && is_blank(text[at])) ++at;
    return at;
}

bool blank_line_follows(std::string_view text, std::size_t newline, std::size_t end) noexcept {
    for (std::size_t i = newline + 1; i < end && is_blank(text[i]); ++i) {
        if (text[i] == '\n') return true;
    }
    return false;
}

}  // namespace

TextSpan trim_blanks(std::string_view text, TextSpan span) noexcept {
    while (span.start < span.end && is_blank(text[span.start])) ++span.start;
    while (span.end > span.start && is_blank(text[span.end - 1])) --span.end;
    return span;
}

std::size_t next_sentence(std::string_view text, std::size_t from, std::size_t end) noexcept {
    const std::string_view view = text.substr(0, end);
    for (std::size_t i = from; i < end;) {
        if (view[i] == '\n' && blank_line_follows(view, i, end)) return skip_blanks(view, i, end);
        const auto point = decode_utf8(view, i);
        const Stop stop = stop_of(point.value);
        const std::size_t stop_at = i;
        i += point.length;
        if (stop == Stop::kNone) continue;
        while (i < end) {
            const auto closer = decode_utf8(view, i);
            if (!closes(closer.value) && stop_of(closer.value) == Stop::kNone) break;
            i += closer.length;
        }
        if (i >= end) return end;
        if (stop == Stop::kFull) return skip_blanks(view, i, end);
        if (is_blank(view[i]) && !(point.value == U'.' && ends_initial(view, from, stop_at))) {
            return skip_blanks(view, i, end);
        }
    }
    return end;
}

std::size_t next_line(std::string_view text, std::size_t from, std::size_t end) noexcept {
    const auto newline = text.substr(0, end).find('\n', from);
    return newline == std::string_view::npos ? end : newline + 1;
}

std::size_t next_word(std::string_view text, std::size_t from, std::size_t end) noexcept {
    while (from < end && !is_blank(text[from])) ++from;
    return skip_blanks(text, from, end);
}

}  // namespace hearth::ingest
