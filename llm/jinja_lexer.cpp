#include "llm/jinja_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/utf8.h"
#include "llm/jinja_value.h"

namespace hearth::llm::jinja {
namespace {

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 128;
}

std::string normalised(std::string_view source) {
    std::string text;
    text.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] == '\r') {
            if (i + 1 < source.size() && source[i + 1] == '\n') continue;
            text += '\n';
        } else {
            text += source[i];
        }
    }
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

class Lexer {
  public:
    explicit Lexer(std::string_view source) : text_(normalised(source)) {}

    std::vector<Token> run() {
        while (at_ < text_.size()) lex_data();
        push(Token::Kind::kEnd, "");
        return std::move(tokens_);
    }

  private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Failure("template line " + std::to_string(line_) + ": " + what);
    }
    bool starts(std::string_view word, std::size_t at) const {
        return std::string_view(text_).substr(at, word.size()) == word;
    }
    void push(Token::Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), 0, 0, line_}); }
    void advance_to(std::size_t at) {
        line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                             text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
        at_ = at;
        line_starting_ = at_ > 0 && text_[at_ - 1] == '\n';
    }
    void skip_space() {
        std::size_t at = at_;
        while (at < text_.size() && is_space(text_[at])) ++at;
        advance_to(at);
    }

    void lex_data();
    void lex_comment();
    bool lex_raw();
    void lex_expression(std::string_view closing, Token::Kind end_kind);
    bool close_expression(std::string_view closing, Token::Kind end_kind);
    void lex_operand();
    void lex_string();
    void lex_number();
    void lex_operator();
    void append_escape(std::string& out);
    void after_block_end(char sign);
    std::size_t data_end(std::size_t begin, std::size_t end, char sign, bool is_print) const;

    const std::string text_;
    std::size_t at_ = 0;
    int line_ = 1;
    bool line_starting_ = true;
    std::vector<char> brackets_;
    std::vector<Token> tokens_;
};

/// Where the data before a tag ends, once `-` or lstrip_blocks has taken its share.
std::size_t Lexer::data_end(std::size_t begin, std::size_t end, char sign, bool is_print) const {
    std::size_t kept = end;
    if (sign == '-') {
        while (kept > begin && is_space(text_[kept - 1])) --kept;
        return kept;
    }
    if (sign == '+' || is_print) return end;
    while (kept > begin && text_[kept - 1] != '\n' && is_space(text_[kept - 1])) --kept;
    const bool whole_line = kept > begin ? text_[kept - 1] == '\n' : line_starting_;
    return whole_line ? kept : end;
}

void Lexer::lex_data() {
    std::size_t tag = at_;
    for (;; ++tag) {
        tag = text_.find('{', tag);
        if (tag == std::string::npos || tag + 1 >= text_.size()) {
            push(Token::Kind::kData, text_.substr(at_));
            advance_to(text_.size());
            return;
        }
        if (text_[tag + 1] == '{' || text_[tag + 1] == '%' || text_[tag + 1] == '#') break;
    }
    const char kind = text_[tag + 1];
    const char sign =
        tag + 2 < text_.size() && (text_[tag + 2] == '-' || text_[tag + 2] == '+') ? text_[tag + 2] : '\0';
    const std::size_t end = data_end(at_, tag, sign, kind == '{');
    if (end > at_) push(Token::Kind::kData, text_.substr(at_, end - at_));
    advance_to(tag + (sign ? 3 : 2));
    if (kind == '#') {
        lex_comment();
    } else if (kind == '{') {
        push(Token::Kind::kPrintBegin, "");
        lex_expression("}}", Token::Kind::kPrintEnd);
    } else if (!lex_raw()) {
        push(Token::Kind::kBlockBegin, "");
        lex_expression("%}", Token::Kind::kBlockEnd);
    }
}

/// trim_blocks: one newline after a block goes; `-` takes all whitespace, `+` none.
void Lexer::after_block_end(char sign) {
    if (sign == '-') {
        skip_space();
    } else if (sign != '+' && at_ < text_.size() && text_[at_] == '\n') {
        advance_to(at_ + 1);
    }
}

void Lexer::lex_comment() {
    const std::size_t end = text_.find("#}", at_);
    if (end == std::string::npos) fail("a comment is not closed");
    const char sign = end > at_ ? text_[end - 1] : '\0';
    advance_to(end + 2);
    after_block_end(sign);
}

/// {% raw %}: everything up to {% endraw %} is data.
bool Lexer::lex_raw() {
    std::size_t at = at_;
    const auto skip = [&](std::size_t from) {
        while (from < text_.size() && is_space(text_[from])) ++from;
        return from;
    };
    at = skip(at);
    if (!starts("raw", at)) return false;
    at = skip(at + 3);
    const bool strip = starts("-%}", at);
    if (!strip && !starts("%}", at)) return false;
    advance_to(at + (strip ? 3 : 2));
    if (strip) skip_space();
    for (std::size_t tag = text_.find("{%", at_); tag != std::string::npos; tag = text_.find("{%", tag + 2)) {
        const char sign =
            tag + 2 < text_.size() && (text_[tag + 2] == '-' || text_[tag + 2] == '+') ? text_[tag + 2] : '\0';
        std::size_t word = skip(tag + (sign ? 3 : 2));
        if (!starts("endraw", word)) continue;
        word = skip(word + 6);
        const char end_sign = word < text_.size() && (text_[word] == '-' || text_[word] == '+') ? text_[word] : '\0';
        if (!starts("%}", word + (end_sign ? 1 : 0))) continue;
        const std::size_t end = data_end(at_, tag, sign, false);
        push(Token::Kind::kData, text_.substr(at_, end - at_));
        advance_to(word + (end_sign ? 3 : 2));
        after_block_end(end_sign);
        return true;
    }
    fail("{% raw %} is not closed");
}

bool Lexer::close_expression(std::string_view closing, Token::Kind end_kind) {
    if (!brackets_.empty()) return false;
    const bool is_block = end_kind == Token::Kind::kBlockEnd;
    char sign = '\0';
    if (text_[at_] == '-' || (is_block && text_[at_] == '+')) sign = text_[at_];
    if (!starts(closing, at_ + (sign ? 1 : 0))) return false;
    push(end_kind, "");
    advance_to(at_ + closing.size() + (sign ? 1 : 0));
    if (is_block) {
        after_block_end(sign);
    } else if (sign == '-') {
        skip_space();
    }
    return true;
}

void Lexer::lex_expression(std::string_view closing, Token::Kind end_kind) {
    for (;;) {
        skip_space();
        if (at_ >= text_.size()) fail("a tag is not closed: expected " + std::string(closing));
        if (close_expression(closing, end_kind)) return;
        lex_operand();
    }
}

void Lexer::lex_operand() {
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
        lex_string();
    } else if (is_digit(c)) {
        lex_number();
    } else if (is_name_start(c)) {
        std::size_t end = at_;
        while (end < text_.size() && (is_name_start(text_[end]) || is_digit(text_[end]))) ++end;
        push(Token::Kind::kName, text_.substr(at_, end - at_));
        advance_to(end);
    } else {
        lex_operator();
    }
}

void Lexer::lex_operator() {
    constexpr std::array<std::string_view, 6> kPairs = {"==", "!=", "<=", ">=", "//", "**"};
    constexpr std::string_view kSingles = "+-*/%~<>=()[]{}.,:|;";
    for (const std::string_view pair : kPairs) {
        if (starts(pair, at_)) {
            push(Token::Kind::kOperator, std::string(pair));
            return advance_to(at_ + 2);
        }
    }
    const char c = text_[at_];
    if (kSingles.find(c) == std::string_view::npos) fail("unexpected character '" + std::string(1, c) + "'");
    if (c == '(' || c == '[' || c == '{') brackets_.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    if (c == ')' || c == ']' || c == '}') {
        if (brackets_.empty() || brackets_.back() != c) fail("unbalanced '" + std::string(1, c) + "'");
        brackets_.pop_back();
    }
    push(Token::Kind::kOperator, std::string(1, c));
    advance_to(at_ + 1);
}

void Lexer::lex_number() {
    std::string digits;
    bool is_float = false;
    std::size_t at = at_;
    for (; at < text_.size(); ++at) {
        const char c = text_[at];
        const bool has_digit_next = at + 1 < text_.size() && is_digit(text_[at + 1]);
        if (is_digit(c)) {
            digits += c;
        } else if (c == '_' && has_digit_next) {
            continue;
        } else if (c == '.' && !is_float && has_digit_next) {
            is_float = true;
            digits += c;
        } else if ((c == 'e' || c == 'E') && has_digit_next) {
            is_float = true;
            digits += c;
        } else if ((c == 'e' || c == 'E') && at + 2 < text_.size() && (text_[at + 1] == '-' || text_[at + 1] == '+') &&
                   is_digit(text_[at + 2])) {
            is_float = true;
            digits += c;
            if (text_[++at] == '-') digits += '-';
        } else {
            break;
        }
    }
    push(is_float ? Token::Kind::kFloat : Token::Kind::kInteger, digits);
    Token& token = tokens_.back();
    const char* end = digits.data() + digits.size();
    const auto parsed =
        is_float ? std::from_chars(digits.data(), end, token.real) : std::from_chars(digits.data(), end, token.integer);
    if (parsed.ec != std::errc() || parsed.ptr != end) fail("the number " + digits + " is out of range");
    advance_to(at);
}

/// One escape sequence, at_ on the character after the backslash: Python's set.
void Lexer::append_escape(std::string& out) {
    constexpr std::string_view kNames = "abfnrtv\\'\"";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"";
    const char c = text_[at_];
    const std::size_t simple = kNames.find(c);
    if (simple != std::string_view::npos) {
        out += kValues[simple];
        return advance_to(at_ + 1);
    }
    if (c == '\n') return advance_to(at_ + 1);
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {
        out += '\\';
        return;
    }
    std::uint32_t value = 0;
    const char* begin = text_.data() + at_ + 1;
    const char* end = begin + std::min(digits, text_.size() - at_ - 1);
    const auto parsed = std::from_chars(begin, end, value, 16);
    if (parsed.ptr != begin + digits || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        fail("a bad string escape");
    append_utf8(out, value);
    advance_to(at_ + 1 + digits);
}

void Lexer::lex_string() {
    const char quote = text_[at_];
    advance_to(at_ + 1);
    std::string value;
    while (at_ < text_.size() && text_[at_] != quote) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
            advance_to(at_ + 1);
            append_escape(value);
        } else {
            value += text_[at_];
            advance_to(at_ + 1);
        }
    }
    if (at_ >= text_.size()) fail("a string is not closed");
    push(Token::Kind::kString, std::move(value));
    advance_to(at_ + 1);
}

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
    return Lexer(source).run();
}

}  // namespace hearth::llm::jinja
