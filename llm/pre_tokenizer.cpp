#include "llm/pre_tokenizer.h"

#include <array>
#include <cstdint>
#include <string>

#include <unicode/uchar.h>

#include "core/utf8.h"

namespace hearth::llm {
namespace {

enum class Kind : std::uint8_t { kLetter, kNumber, kSpace, kNewline, kOther };

struct Glyph {
    Kind kind = Kind::kOther;
    std::size_t length = 1;
};

constexpr std::array<Kind, 128> ascii_kinds() {
    std::array<Kind, 128> kinds{};
    for (int c = 0; c < 128; ++c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        kinds[c] = letter                            ? Kind::kLetter
                   : c >= '0' && c <= '9'            ? Kind::kNumber
                   : c == '\r' || c == '\n'          ? Kind::kNewline
                   : c == ' ' || (c >= 9 && c <= 13) ? Kind::kSpace
                                                     : Kind::kOther;
    }
    return kinds;
}
constexpr std::array<Kind, 128> kAsciiKinds = ascii_kinds();

Kind unicode_kind(char32_t c) {
    const std::uint32_t mask = U_GET_GC_MASK(static_cast<UChar32>(c));
    if (mask & U_GC_L_MASK) return Kind::kLetter;
    if (mask & U_GC_N_MASK) return Kind::kNumber;
    return u_isUWhiteSpace(static_cast<UChar32>(c)) ? Kind::kSpace : Kind::kOther;
}

/// The glyph at `at`; past `end` there is none (length 0).
Glyph glyph_at(std::string_view text, std::size_t at, std::size_t end) {
    if (at >= end) return {Kind::kOther, 0};
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 128) return {kAsciiKinds[byte], 1};
    const DecodedCodePoint decoded = decode_utf8(text, at);
    return {unicode_kind(decoded.value), decoded.length};
}

bool is_space(Kind kind) {
    return kind == Kind::kSpace || kind == Kind::kNewline;
}

/// The end of the run of `kind` that starts at `at`.
std::size_t run_end(std::string_view text, std::size_t at, std::size_t end, Kind kind) {
    for (Glyph glyph = glyph_at(text, at, end); glyph.length > 0 && glyph.kind == kind;
         glyph = glyph_at(text, at, end)) {
        at += glyph.length;
    }
    return at;
}

}  // namespace

Result<PreTokenizer> pre_tokenizer_by_name(std::string_view name) {
    if (name == "gpt-2" || name == "gpt2") return PreTokenizer::kGpt2;
    if (name == "smollm" || name == "starcoder" || name == "codeshell" || name == "refact")
        return PreTokenizer::kDigits;
    if (name == "qwen2" || name == "deepseek-r1-qwen") return PreTokenizer::kQwen2;
    return Error(ErrorCode::kUnsupported, "pre-tokenizer \"" + std::string(name) +
                                              "\" is not known; this build has gpt-2, smollm, starcoder, codeshell, "
                                              "refact, qwen2 and deepseek-r1-qwen");
}

std::size_t WordScanner::contraction(bool any_case) const {
    const auto letter = [&](std::size_t at) -> char {
        if (at >= end_) return 0;
        const char c = text_[at];
        return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    };
    const char first = letter(position_ + 1);
    const char second = letter(position_ + 2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return position_ + 2;
    const bool pair =
        (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
    return pair ? position_ + 3 : position_;
}

std::size_t WordScanner::space_word() const {
    std::size_t at = position_;
    std::size_t last = position_;  // where the last glyph of the run starts: \s+(?!\S) leaves it to the next word
    for (Glyph glyph = glyph_at(text_, at, end_); glyph.length > 0 && is_space(glyph.kind);
         glyph = glyph_at(text_, at, end_)) {
        last = at;
        at += glyph.length;
    }
    return at == end_ || last == position_ ? at : last;
}

std::size_t WordScanner::gpt2_word() const {
    if (text_[position_] == '\'') {
        const std::size_t end = contraction(false);
        if (end > position_) return end;
    }
    const std::size_t start = position_ + (text_[position_] == ' ' ? 1 : 0);
    const Glyph glyph = glyph_at(text_, start, end_);
    if (glyph.length > 0 && !is_space(glyph.kind)) return run_end(text_, start + glyph.length, end_, glyph.kind);
    return space_word();
}

std::size_t WordScanner::qwen2_word() const {
    if (text_[position_] == '\'') {
        const std::size_t end = contraction(true);
        if (end > position_) return end;
    }
    const Glyph first = glyph_at(text_, position_, end_);
    if (first.kind == Kind::kNumber) return position_ + first.length;
    if (first.kind == Kind::kLetter) return run_end(text_, position_ + first.length, end_, Kind::kLetter);
    const std::size_t second_at = position_ + first.length;
    const Glyph second = glyph_at(text_, second_at, end_);
    if (first.kind != Kind::kNewline && second.length > 0 && second.kind == Kind::kLetter) {
        return run_end(text_, second_at + second.length, end_, Kind::kLetter);
    }
    const bool spaced = text_[position_] == ' ' && second.length > 0 && second.kind == Kind::kOther;
    if (first.kind == Kind::kOther || spaced) {
        return run_end(text_, run_end(text_, second_at, end_, Kind::kOther), end_, Kind::kNewline);
    }
    std::size_t after_newline = position_;
    std::size_t at = position_;
    for (Glyph glyph = first; glyph.length > 0 && is_space(glyph.kind); glyph = glyph_at(text_, at, end_)) {
        at += glyph.length;
        if (glyph.kind == Kind::kNewline) after_newline = at;
    }
    return after_newline > position_ ? after_newline : space_word();
}

std::string_view WordScanner::next() {
    const std::size_t start = position_;
    if (start >= text_.size()) return {};
    if (kind_ != PreTokenizer::kDigits) {
        end_ = text_.size();
        position_ = kind_ == PreTokenizer::kQwen2 ? qwen2_word() : gpt2_word();
        return text_.substr(start, position_ - start);
    }
    if (start >= end_) {
        Glyph glyph = glyph_at(text_, start, text_.size());
        end_ = start + glyph.length;
        while (glyph.kind != Kind::kNumber) {
            glyph = glyph_at(text_, end_, text_.size());
            if (glyph.length == 0 || glyph.kind == Kind::kNumber) break;
            end_ += glyph.length;
        }
    }
    position_ = gpt2_word();
    return text_.substr(start, position_ - start);
}

}  // namespace hearth::llm
