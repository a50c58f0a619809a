#include "ingest/extract/charset.h"

#include <uchardet/uchardet.h>
#include <unicode/ucnv.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <vector>

#include "core/utf8.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kSampleBytes = 64 << 10;

struct CloseConverter {
    void operator()(UConverter* converter) const noexcept { ::ucnv_close(converter); }
};
struct CloseDetector {
    void operator()(uchardet* detector) const noexcept { ::uchardet_delete(detector); }
};

const char* charset_of_mark(std::string_view bytes) {
    if (bytes.starts_with(std::string_view("\xFF\xFE\0\0", 4))) return "UTF-32LE";
    if (bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4))) return "UTF-32BE";
    if (bytes.starts_with("\xFF\xFE")) return "UTF-16LE";
    if (bytes.starts_with("\xFE\xFF")) return "UTF-16BE";
    return nullptr;
}

bool is_control(unsigned char byte) {
    return byte < 0x20 && !(byte >= 0x07 && byte <= 0x0D) && byte != 0x1B;
}

/// UTF-16 of mostly Latin text has its zero bytes on one side and no control bytes on the other.
const char* charset_of_zeros(std::string_view bytes) {
    const std::string_view sample = bytes.substr(0, kSampleBytes);
    std::size_t zeros[2] = {0, 0};
    std::size_t controls[2] = {0, 0};
    for (std::size_t i = 0; i < sample.size(); ++i) {
        zeros[i % 2] += sample[i] == '\0' ? 1 : 0;
        controls[i % 2] += is_control(static_cast<unsigned char>(sample[i])) ? 1 : 0;
    }
    const std::size_t enough = std::max<std::size_t>(2, sample.size() * 3 / 10);
    const std::size_t few = sample.size() / 50;
    if (zeros[1] >= enough && controls[0] <= few) return "UTF-16LE";
    if (zeros[0] >= enough && controls[1] <= few) return "UTF-16BE";
    return nullptr;
}

std::optional<std::string> convert(std::string_view bytes, const char* charset) {
    UErrorCode error = U_ZERO_ERROR;
    const std::unique_ptr<UConverter, CloseConverter> from(::ucnv_open(charset, &error));
    const std::unique_ptr<UConverter, CloseConverter> to(::ucnv_open("UTF-8", &error));
    if (U_FAILURE(error)) return std::nullopt;
    std::string out;
    std::vector<char> buffer(256 << 10);
    std::vector<UChar> pivot(64 << 10);
    const char* source = bytes.data();
    UChar* pivot_source = pivot.data();
    UChar* pivot_target = pivot.data();
    bool reset = true;
    for (;;) {
        char* target = buffer.data();
        error = U_ZERO_ERROR;
        ::ucnv_convertEx(to.get(), from.get(), &target, buffer.data() + buffer.size(), &source,
                         bytes.data() + bytes.size(), pivot.data(), &pivot_source, &pivot_target,
                         pivot.data() + pivot.size(), reset, true, &error);
        out.append(buffer.data(), target);
        reset = false;
        if (error == U_BUFFER_OVERFLOW_ERROR) continue;
        if (U_FAILURE(error)) return std::nullopt;
        return out;
    }
}

/// Broken only here and there: few invalid bytes beside clearly more valid multi-byte characters.
bool nearly_utf8(std::string_view bytes) {
    std::size_t broken = 0;
    std::size_t good = 0;
    for (std::size_t i = 0; i < bytes.size();) {
        const auto point = decode_utf8(bytes, i);
        if (!point.valid)
            ++broken;
        else if (point.length > 1)
            ++good;
        i += point.length;
    }
    return good > broken * 10;
}

std::string guess(std::string_view bytes) {
    const std::unique_ptr<uchardet, CloseDetector> detector(::uchardet_new());
    ::uchardet_handle_data(detector.get(), bytes.data(), std::min<std::size_t>(bytes.size(), 1 << 20));
    ::uchardet_data_end(detector.get());
    return ::uchardet_get_charset(detector.get());
}

/// Labels by which pages name a superset of what they mean (WHATWG Encoding, "names and labels"): browsers read all of
/// these as windows-1252. UTF-16 in a page's own bytes cannot be true, or the label could not have been read.
std::string_view meant_by(std::string_view label) {
    static constexpr std::array<std::string_view, 17> kWestern = {
        "ascii",      "us-ascii", "ansi_x3.4-1968", "iso-8859-1", "iso8859-1",  "iso88591",
        "iso_8859-1", "latin1",   "latin-1",        "l1",         "iso-ir-100", "csisolatin1",
        "cp819",      "ibm819",   "windows-1252",   "cp1252",     "x-cp1252"};
    const auto is_label = [&](std::string_view known) {
        return std::equal(known.begin(), known.end(), label.begin(), label.end(), [](char a, char b) {
            return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
        });
    };
    if (std::any_of(kWestern.begin(), kWestern.end(), is_label)) return "windows-1252";
    static constexpr std::array<std::string_view, 6> kWide = {"utf-16", "utf-16le", "utf-16be",
                                                              "utf-32", "ucs-2",    "unicode"};
    return std::any_of(kWide.begin(), kWide.end(), is_label) ? std::string_view() : label;
}

void drop_zeros(std::string& text) {
    std::replace(text.begin(), text.end(), '\0', ' ');
}

}  // namespace

bool looks_like_text(std::string_view bytes) {
    const std::string_view sample = bytes.substr(0, kSampleBytes);
    if (charset_of_mark(sample) != nullptr || charset_of_zeros(sample) != nullptr) return true;
    std::size_t control = 0;
    for (const char c : sample) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte == 0) return false;
        control += is_control(byte) ? 1 : 0;
    }
    return control * 50 <= sample.size();
}

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view declared) {
    const auto with = [&](const char* charset) {
        auto text = convert(bytes, charset);
        if (text) drop_zeros(*text);
        if (text && text->starts_with("\xEF\xBB\xBF")) text->erase(0, 3);
        return text;
    };
    if (const char* charset = charset_of_mark(bytes)) return with(charset);
    if (bytes.find('\0') == std::string_view::npos && is_valid_utf8(bytes)) return std::string(bytes);
    const std::string_view meant = meant_by(declared);
    if (!meant.empty() && meant.size() < 64) {
        if (auto text = with(std::string(meant).c_str())) return text;
    }
    if (const char* charset = charset_of_zeros(bytes)) return with(charset);
    if (nearly_utf8(bytes)) {
        std::string text = sanitize_utf8(bytes);
        drop_zeros(text);
        return text;
    }
    const std::string guessed = guess(bytes);
    if (!guessed.empty()) {
        if (auto text = with(guessed.c_str())) return text;
    }
    return with("windows-1252");
}

}  // namespace hearth::ingest
