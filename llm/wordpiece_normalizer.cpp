#include "llm/wordpiece_normalizer.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include "core/utf8.h"

namespace hearth::llm {
namespace {

using Kind = NormalizedGlyph::Kind;

/// The ranges of the reference implementation, its 2B920 (for 2B820) included.
bool is_ideograph(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_ascii_punctuation(char32_t c) {
    return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
}

bool is_punctuation(char32_t c) {
    return is_ascii_punctuation(c) || u_ispunct(static_cast<UChar32>(c));
}

bool is_whitespace(char32_t c) {
    return u_isUWhiteSpace(static_cast<UChar32>(c));
}

/// Control, format, private use, surrogate; tab and line ends count as whitespace.
bool is_control(char32_t c) {
    if (c == '\t' || c == '\n' || c == '\r') return false;
    return (U_GET_GC_MASK(static_cast<UChar32>(c)) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK | U_GC_CS_MASK)) != 0;
}

void append_letter(const BertNormalizer& settings, char32_t c, std::string& out) {
    if (settings.strip_accents && u_charType(static_cast<UChar32>(c)) == U_NON_SPACING_MARK) return;
    append_utf8(out, settings.lowercase ? static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))) : c);
}

/// The canonical decomposition without its marks, lower-cased.
std::string normalized_letter(const BertNormalizer& settings, char32_t c) {
    std::string out;
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* decomposer = settings.strip_accents ? unorm2_getNFDInstance(&status) : nullptr;
    UChar parts[32];
    const std::int32_t count = decomposer && U_SUCCESS(status)
                                   ? unorm2_getDecomposition(decomposer, static_cast<UChar32>(c), parts, 32, &status)
                                   : -1;
    if (count < 0 || U_FAILURE(status)) {
        append_letter(settings, c, out);
        return out;
    }
    for (std::int32_t i = 0; i < count;) {
        UChar32 part = 0;
        U16_NEXT(parts, i, count, part);
        append_letter(settings, static_cast<char32_t>(part), out);
    }
    return out;
}

}  // namespace

NormalizedByte normalize_ascii(const BertNormalizer& settings, unsigned char byte) {
    const bool space = byte == ' ' || (byte >= 9 && byte <= 13);
    if (settings.clean_text && byte != '\t' && byte != '\n' && byte != '\r' && (byte < 32 || byte == 127)) {
        return {Kind::kRemoved, 0};
    }
    if (space) return {Kind::kSpace, ' '};
    if (is_ascii_punctuation(byte)) return {Kind::kSingle, static_cast<char>(byte)};
    const bool upper = settings.lowercase && byte >= 'A' && byte <= 'Z';
    return {Kind::kLetter, static_cast<char>(upper ? byte + 32 : byte)};
}

NormalizedGlyph normalize_glyph(const BertNormalizer& settings, std::string_view text, std::size_t offset) {
    const DecodedCodePoint decoded = decode_utf8(text, offset);
    const char32_t c = decoded.value;
    NormalizedGlyph glyph;
    glyph.length = decoded.length;
    if (settings.clean_text && (c == kReplacementCharacter || is_control(c))) return glyph;
    if (is_whitespace(c)) {
        glyph.kind = Kind::kSpace;
        return glyph;
    }
    glyph.text = normalized_letter(settings, c);
    if (glyph.text.empty()) return glyph;
    const char32_t first = decode_utf8(glyph.text, 0).value;
    const bool ideograph = settings.handle_chinese_chars && is_ideograph(c);
    glyph.kind = ideograph || is_punctuation(first) ? Kind::kSingle : Kind::kLetter;
    return glyph;
}

}  // namespace hearth::llm
