#include "agents/sentences.h"

namespace hearth::agents {
namespace {

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_small(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_letter(char c) {
    return is_small(c) || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_closer(char c) {
    return c == '"' || c == '\'' || c == ')' || c == ']';
}

/// A line that stands alone: a heading, a list item or a table row.
bool stands_alone(std::string_view line) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    if (line.empty()) return true;
    if (line.front() == '#' || line.front() == '|') return true;
    if (line.size() > 1 && (line.front() == '-' || line.front() == '*') && line[1] == ' ') return true;
    if (line.starts_with("\u2022")) return true;
    if (line.find(" | ") != std::string_view::npos || line.find('\t') != std::string_view::npos) return true;
    std::size_t digits = 0;
    while (digits < line.size() && is_digit(line[digits])) ++digits;
    return digits > 0 && digits + 1 < line.size() && (line[digits] == '.' || line[digits] == ')') &&
           line[digits + 1] == ' ';
}

std::string_view line_at(std::string_view text, std::size_t at) {
    return text.substr(
        at, text.find('\n', at) == std::string_view::npos ? std::string_view::npos : text.find('\n', at) - at);
}

/// A line break ends the piece when the next line stands alone, or this one cannot run on.
bool ends_at_newline(std::string_view text, std::size_t piece_start, std::size_t newline) {
    if (newline + 1 >= text.size()) return true;
    if (stands_alone(line_at(text, newline + 1))) return true;
    while (piece_start < newline && is_blank(text[piece_start])) ++piece_start;
    const std::string_view piece = text.substr(piece_start, newline - piece_start);
    const std::size_t last_line = piece.rfind('\n') == std::string_view::npos ? 0 : piece.rfind('\n') + 1;
    const std::string_view line = piece.substr(last_line);
    std::size_t front = 0;
    while (front < line.size() && is_blank(line[front])) ++front;
    const std::string_view body = line.substr(front);
    if (body.starts_with('#') || body.starts_with('|')) return true;
    if (body.find(" | ") != std::string_view::npos || body.find('\t') != std::string_view::npos) return true;
    // A short line without a stop, before a capital: a heading of a plain text file.
    constexpr std::size_t kHeadingBytes = 40;
    const char next = text[newline + 1];
    return last_line == 0 && body.size() < kHeadingBytes && !is_small(next) && !is_blank(next) && !body.empty() &&
           body.back() != ',';
}

void add_piece(std::string_view text, std::size_t start, std::size_t end, std::vector<retrieval::Span>& out) {
    while (start < end && is_blank(text[start])) ++start;
    while (end > start && is_blank(text[end - 1])) --end;
    if (end > start) out.push_back({start, end});
}

std::size_t wide_stop(std::string_view text, std::size_t at) {
    for (const std::string_view stop : {"\u3002", "\uff01", "\uff1f"}) {
        if (text.substr(at).starts_with(stop)) return stop.size();
    }
    return 0;
}

}  // namespace

bool ends_sentence(std::string_view text, std::size_t at) {
    std::size_t next = at + 1;
    while (next < text.size() && (is_closer(text[next]) || text[next] == '.')) ++next;
    if (next >= text.size()) return true;
    if (!is_blank(text[next])) return false;
    if (text[at] != '.') return true;
    if (at > 0 && is_letter(text[at - 1]) && (at == 1 || is_blank(text[at - 2]) || text[at - 2] == '.')) return false;
    while (next < text.size() && is_blank(text[next])) ++next;
    return next >= text.size() || !is_small(text[next]);
}

std::vector<retrieval::Span> sentences_of(std::string_view text) {
    std::vector<retrieval::Span> out;
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '\n' && ends_at_newline(text, start, at)) {
            add_piece(text, start, at, out);
            start = ++at;
        } else if ((c == '.' || c == '!' || c == '?') && ends_sentence(text, at)) {
            std::size_t end = at + 1;
            while (end < text.size() && (is_closer(text[end]) || text[end] == '.')) ++end;
            const bool number_of_list = end - start <= 4 && is_digit(text[start]);
            if (!number_of_list) {
                add_piece(text, start, end, out);
                start = end;
            }
            at = end;
        } else if (const std::size_t wide = wide_stop(text, at); wide > 0) {
            add_piece(text, start, at + wide, out);
            at += wide;
            start = at;
        } else {
            ++at;
        }
    }
    add_piece(text, start, text.size(), out);
    return out;
}

}  // namespace hearth::agents
