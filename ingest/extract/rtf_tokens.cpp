#include "ingest/extract/rtf_tokens.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace hearth::ingest {
namespace {

bool is_letter(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

RtfToken RtfTokens::next() {
    while (at_ < bytes_.size() && (bytes_[at_] == '\r' || bytes_[at_] == '\n' || bytes_[at_] == '\0')) ++at_;
    if (at_ >= bytes_.size()) return {};
    const char c = bytes_[at_];
    if (c == '{' || c == '}') {
        ++at_;
        return {c == '{' ? RtfToken::Kind::kOpen : RtfToken::Kind::kClose, {}, {}, '\0'};
    }
    if (c == '\\') return control();
    const std::size_t start = at_;
    at_ = std::min(bytes_.find_first_of(std::string_view("{}\\\r\n\0", 6), at_), bytes_.size());
    return {RtfToken::Kind::kText, bytes_.substr(start, at_ - start), {}, '\0'};
}

RtfToken RtfTokens::control() {
    ++at_;
    if (at_ >= bytes_.size()) return {};
    if (bytes_[at_] == '\'') {
        int value = 0;
        const std::string_view digits = bytes_.substr(at_ + 1, 2);
        const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        at_ = std::min(at_ + 3, bytes_.size());
        if (result.ec != std::errc() || value < 0) value = ' ';
        return {RtfToken::Kind::kByte, {}, value, '\0'};
    }
    if (!is_letter(bytes_[at_])) return {RtfToken::Kind::kSymbol, {}, {}, bytes_[at_++]};
    const std::size_t start = at_;
    while (at_ < bytes_.size() && is_letter(bytes_[at_])) ++at_;
    RtfToken token{RtfToken::Kind::kWord, bytes_.substr(start, at_ - start), {}, '\0'};
    int value = 0;
    const auto result = std::from_chars(bytes_.data() + at_, bytes_.data() + bytes_.size(), value);
    if (result.ec == std::errc()) token.parameter = value;
    at_ = static_cast<std::size_t>(result.ptr - bytes_.data());
    if (at_ < bytes_.size() && bytes_[at_] == ' ') ++at_;
    return token;
}

void RtfTokens::skip(std::size_t count) {
    at_ = count > bytes_.size() - at_ ? bytes_.size() : at_ + count;
}

}  // namespace hearth::ingest
