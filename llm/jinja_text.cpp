#include "llm/jinja_text.h"

#include <algorithm>

#include <unicode/uchar.h>

#include "core/utf8.h"

namespace hearth::llm::jinja {

bool Text::trusted() const {
    return std::all_of(runs_.begin(), runs_.end(), [](const Run& run) { return run.trusted; });
}

bool Text::trusted_at(std::size_t at) const {
    const auto run =
        std::upper_bound(runs_.begin(), runs_.end(), at, [](std::size_t a, const Run& r) { return a < r.end; });
    return run != runs_.end() && run->trusted;
}

void Text::append(std::string_view bytes, bool trusted) {
    if (bytes.empty()) return;
    bytes_ += bytes;
    if (!runs_.empty() && runs_.back().trusted == trusted) {
        runs_.back().end = bytes_.size();
    } else {
        runs_.push_back({bytes_.size(), trusted});
    }
}

void Text::append(const Text& other) {
    std::size_t start = 0;
    for (const Run& run : other.runs_) {
        append(std::string_view(other.bytes_).substr(start, run.end - start), run.trusted);
        start = run.end;
    }
}

Text Text::slice(std::size_t at, std::size_t length) const {
    Text result;
    const std::size_t end = std::min(bytes_.size(), at + std::min(length, bytes_.size()));
    auto run = std::upper_bound(runs_.begin(), runs_.end(), at, [](std::size_t a, const Run& r) { return a < r.end; });
    for (std::size_t from = at; from < end; from = (run++)->end) {
        result.append(std::string_view(bytes_).substr(from, std::min(run->end, end) - from), run->trusted);
    }
    return result;
}

std::vector<std::size_t> code_point_offsets(std::string_view text) {
    std::vector<std::size_t> offsets;
    offsets.reserve(text.size() + 1);
    for (std::size_t at = 0; at < text.size(); at += decode_utf8(text, at).length) offsets.push_back(at);
    offsets.push_back(text.size());
    return offsets;
}

bool is_python_space(char32_t c) {
    return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || (c > 127 && u_isUWhiteSpace(static_cast<UChar32>(c)));
}

std::pair<std::size_t, std::size_t> trimmed_range(std::string_view text, bool left, bool right) {
    std::size_t first = 0;
    while (left && first < text.size()) {
        const DecodedCodePoint decoded = decode_utf8(text, first);
        if (!is_python_space(decoded.value)) break;
        first += decoded.length;
    }
    std::size_t last = text.size();
    while (right && last > first) {
        std::size_t start = last - 1;
        while (start > first && last - start < 4 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
        const DecodedCodePoint decoded = decode_utf8(text, start);
        if (start + decoded.length != last || !is_python_space(decoded.value)) break;
        last = start;
    }
    return {first, last};
}

Text with_case(const Text& text, LetterCase letter_case) {
    Text result;
    std::string piece;
    std::size_t start = 0;
    for (const Text::Run& run : text.runs()) {
        piece.clear();
        const std::string_view bytes = std::string_view(text.bytes()).substr(start, run.end - start);
        for (std::size_t at = 0; at < bytes.size();) {
            const DecodedCodePoint decoded = decode_utf8(bytes, at);
            const auto c = static_cast<UChar32>(decoded.value);
            if (decoded.valid) {
                const UChar32 mapped = letter_case == LetterCase::kUpper ? u_toupper(c) : u_tolower(c);
                append_utf8(piece, static_cast<char32_t>(mapped));
            } else {
                piece += bytes[at];
            }
            at += decoded.length;
        }
        result.append(piece, run.trusted);
        start = run.end;
    }
    return result;
}

Text with_capitals(const Text& text, const std::function<bool(char32_t)>& ends_word) {
    Text out;
    bool start = true;
    const std::vector<std::size_t> offsets = code_point_offsets(text.bytes());
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        const Text letter = text.slice(offsets[i], offsets[i + 1] - offsets[i]);
        out.append(with_case(letter, start ? LetterCase::kUpper : LetterCase::kLower));
        start = ends_word(decode_utf8(letter.bytes(), 0).value);
    }
    return out;
}

}  // namespace hearth::llm::jinja
