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

/// Whether a glyph may stand among capitals ([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]), among small letters
/// ([\p{Ll}\p{Lm}\p{Lo}\p{M}]), or both.
struct Cased {
    bool upper = false;
    bool lower = false;
    std::size_t length = 0;
};

Cased cased_at(std::string_view text, std::size_t at, std::size_t end) {
    if (at >= end) return {};
    const char c = text[at];
    if (static_cast<unsigned char>(c) < 128) return {c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', 1};
    const DecodedCodePoint decoded = decode_utf8(text, at);
    const std::uint32_t mask = U_GET_GC_MASK(static_cast<UChar32>(decoded.value));
    const bool both = (mask & (U_GC_LM_MASK | U_GC_LO_MASK | U_GC_M_MASK)) != 0;
    return {both || (mask & (U_GC_LU_MASK | U_GC_LT_MASK)) != 0, both || (mask & U_GC_LL_MASK) != 0, decoded.length};
}

/// The end of U+ that begins at `at`; `at` where there is none.
std::size_t upper_end(std::string_view text, std::size_t at, std::size_t end) {
    for (Cased glyph = cased_at(text, at, end); glyph.upper; glyph = cased_at(text, at, end)) at += glyph.length;
    return at;
}

/// The end of U*L+ that begins at `at`: small letters behind the capitals, or else the last of the glyphs among them
/// that count as both. `at` where there is none.
std::size_t lower_end(std::string_view text, std::size_t at, std::size_t end) {
    std::size_t last = at;
    Cased glyph = cased_at(text, at, end);
    for (; glyph.upper; glyph = cased_at(text, at, end)) {
        at += glyph.length;
        if (glyph.lower) last = at;
    }
    if (!glyph.lower) return last;
    for (; glyph.lower; glyph = cased_at(text, at, end)) at += glyph.length;
    return at;
}

using CasedEnd = std::size_t (*)(std::string_view text, std::size_t at, std::size_t end);

}  // namespace

Result<WordRules> word_rules_by_name(std::string_view name) {
    struct Named {
        std::string_view name;
        WordRules rules;
    };
    static constexpr Named kNamed[] = {
        {"gpt-2", {PreTokenizer::kGpt2}},
        {"gpt2", {PreTokenizer::kGpt2}},
        {"smollm", {PreTokenizer::kDigits}},
        {"starcoder", {PreTokenizer::kDigits}},
        {"codeshell", {PreTokenizer::kDigits}},
        {"refact", {PreTokenizer::kDigits}},
        {"qwen2", {PreTokenizer::kQwen2}},
        {"deepseek-r1-qwen", {PreTokenizer::kQwen2}},
        {"llama-bpe", {PreTokenizer::kLlama3, true, true}},
        {"llama3", {PreTokenizer::kLlama3, true, true}},
        {"falcon3", {PreTokenizer::kLlama3, true, true}},
        {"dbrx", {PreTokenizer::kLlama3}},
        {"smaug-bpe", {PreTokenizer::kLlama3}},
        {"tekken", {PreTokenizer::kTekken, true, true}},
        {"gpt-4o", {PreTokenizer::kGpt4o}},
    };
    std::string known;
    for (const Named& each : kNamed) {
        if (each.name == name) return each.rules;
        known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    return Error(ErrorCode::kUnsupported,
                 "pre-tokenizer \"" + std::string(name.substr(0, 64)) + "\" is not known; this build has " + known);
}

/// The end of 's, 'll and the like at `at`; `at` where there is none.
std::size_t WordScanner::contraction(std::size_t at, bool any_case) const {
    const auto letter = [&](std::size_t i) -> char {
        if (i >= end_) return 0;
        const char c = text_[i];
        return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    };
    if (letter(at) != '\'') return at;
    const char first = letter(at + 1);
    const char second = letter(at + 2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    const bool pair =
        (first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l');
    return pair ? at + 3 : at;
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

std::size_t WordScanner::line_or_space_word() const {
    std::size_t after_newline = position_;
    std::size_t at = position_;
    for (Glyph glyph = glyph_at(text_, at, end_); glyph.length > 0 && is_space(glyph.kind);
         glyph = glyph_at(text_, at, end_)) {
        at += glyph.length;
        if (glyph.kind == Kind::kNewline) after_newline = at;
    }
    return after_newline > position_ ? after_newline : space_word();
}

std::size_t WordScanner::gpt2_word() const {
    if (const std::size_t end = contraction(position_, false); end > position_) return end;
    const std::size_t start = position_ + (text_[position_] == ' ' ? 1 : 0);
    const Glyph glyph = glyph_at(text_, start, end_);
    if (glyph.length > 0 && !is_space(glyph.kind)) return run_end(text_, start + glyph.length, end_, glyph.kind);
    return space_word();
}

std::size_t WordScanner::digits(std::size_t at) const {
    const int most = kind_ == PreTokenizer::kLlama3 || kind_ == PreTokenizer::kGpt4o ? 3 : 1;
    for (int i = 0; i < most; ++i) {
        const Glyph glyph = glyph_at(text_, at, end_);
        if (glyph.length == 0 || glyph.kind != Kind::kNumber) break;
        at += glyph.length;
    }
    return at;
}

/// The end of letters that begin here, with one sign before them or none; position_ where there are none.
std::size_t WordScanner::letters() const {
    const Glyph first = glyph_at(text_, position_, end_);
    const std::size_t second_at = position_ + first.length;
    const bool signed_word = first.kind == Kind::kOther || first.kind == Kind::kSpace;
    if (kind_ == PreTokenizer::kQwen2 || kind_ == PreTokenizer::kLlama3) {
        if (first.kind != Kind::kLetter && !signed_word) return position_;
        const std::size_t end =
            run_end(text_, first.kind == Kind::kLetter ? position_ : second_at, end_, Kind::kLetter);
        return end > second_at || first.kind == Kind::kLetter ? end : position_;
    }
    std::size_t end = position_;
    for (const CasedEnd find : {lower_end, upper_end}) {
        if (signed_word) end = find(text_, second_at, end_);
        if (!signed_word || end == second_at) end = find(text_, position_, end_);
        if (end > position_) break;
    }
    return kind_ == PreTokenizer::kGpt4o && end > position_ ? contraction(end, true) : end;
}

std::size_t WordScanner::signs() const {
    std::size_t at = run_end(text_, position_ + (text_[position_] == ' ' ? 1 : 0), end_, Kind::kOther);
    const bool slashes = kind_ == PreTokenizer::kTekken || kind_ == PreTokenizer::kGpt4o;
    while (at < end_ && (text_[at] == '\r' || text_[at] == '\n' || (slashes && text_[at] == '/'))) ++at;
    return at;
}

std::size_t WordScanner::qwen2_word() const {
    if (kind_ == PreTokenizer::kQwen2 || kind_ == PreTokenizer::kLlama3) {
        if (const std::size_t end = contraction(position_, true); end > position_) return end;
    }
    if (const std::size_t end = letters(); end > position_) return end;
    const Glyph first = glyph_at(text_, position_, end_);
    if (first.kind == Kind::kNumber) return digits(position_);
    const Glyph second = glyph_at(text_, position_ + first.length, end_);
    const bool spaced = text_[position_] == ' ' && second.length > 0 && second.kind == Kind::kOther;
    return first.kind == Kind::kOther || spaced ? signs() : line_or_space_word();
}

std::string_view WordScanner::next() {
    const std::size_t start = position_;
    if (start >= text_.size()) return {};
    if (kind_ != PreTokenizer::kDigits) {
        end_ = text_.size();
        position_ = kind_ == PreTokenizer::kGpt2 ? gpt2_word() : qwen2_word();
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
