#include "ingest/extract/brace_scanner.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

namespace hearth::ingest {
namespace {

class Scanner {
  public:
    Scanner(std::string_view text, bool by_lines, BraceVisitor& visitor)
        : text_(text), by_lines_(by_lines), visitor_(visitor) {}

    void run() {
        while (at_ < text_.size()) step();
    }

  private:
    bool looking_at(std::string_view word) const { return text_.substr(at_, word.size()) == word; }

    void step() {
        const char c = text_[at_];
        if (c == '\n') return line_end();
        if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            ++at_;
            return;
        }
        blank_line_ = false;
        if (looking_at("//")) return comment(text_.find('\n', at_));
        if (looking_at("/*")) return comment(after("*/", at_ + 2));
        if (c == '#' && line_begins_ && !looking_at("#[")) return directive();
        line_begins_ = false;
        if (!statement_) statement_ = at_;
        literal_or_mark(c);
    }

    void literal_or_mark(char c) {
        if (looking_at("\"\"\"")) return jump(after("\"\"\"", at_ + 3));
        if (c == 'R' && looking_at("R\"")) return raw_string();
        if (c == '"') return quoted('"', false);
        if (c == '`') return quoted('`', true);
        if (c == '\'') return character();
        ++at_;
        if (c == '(') ++parens_;
        if (c == ')' && parens_ > 0) --parens_;
        if (parens_ > 0) return brace_in_parens(c);
        if (c == '{') {
            visitor_.open(*statement_, comment_.value_or(*statement_), at_ - 1);
            begin_statement();
        } else if (c == '}') {
            visitor_.close(at_ - 1);
            begin_statement();
        } else if (c == ';') {
            begin_statement();
        }
    }

    /// Bodies passed as arguments are no scopes of definitions, but their parentheses may be left open by mistake.
    void brace_in_parens(char c) {
        if (c == '{') ++inner_braces_;
        if (c != '}') return;
        if (inner_braces_ > 0) {
            --inner_braces_;
            return;
        }
        parens_ = 0;
        visitor_.close(at_ - 1);
        begin_statement();
    }

    void begin_statement() {
        statement_.reset();
        comment_.reset();
        inner_braces_ = 0;
    }

    bool statement_ends() const {
        constexpr std::string_view kGoesOn = "=,(|&+-:.<";
        const auto next = text_.find_first_not_of(" \t\r\n", at_);
        const auto last = text_.find_last_not_of(" \t\r\n", at_);
        if (next == std::string_view::npos || last == std::string_view::npos) return true;
        return kGoesOn.find(text_[last]) == std::string_view::npos && text_[next] != '{' && text_[next] != '.';
    }

    void line_end() {
        if (by_lines_ && !blank_line_ && statement_ && parens_ == 0 && statement_ends()) begin_statement();
        ++at_;
        if (blank_line_ && !statement_) comment_.reset();
        blank_line_ = true;
        line_begins_ = true;
    }

    void comment(std::size_t end) {
        // One that stands behind code on its line belongs to that code.
        if (!statement_ && !comment_ && line_begins_) comment_ = at_;
        jump(end);
    }

    /// A preprocessor line with its continuations.
    void directive() {
        for (;;) {
            const auto end = text_.find('\n', at_);
            if (end == std::string_view::npos) return jump(end);
            const bool goes_on = end > at_ && text_[end - 1] == '\\';
            at_ = goes_on ? end + 1 : end;
            if (!goes_on) return;
        }
    }

    std::size_t after(std::string_view mark, std::size_t from) const {
        const auto found = text_.find(mark, from);
        return found == std::string_view::npos ? found : found + mark.size();
    }

    void jump(std::size_t to) { at_ = std::max(at_ + 1, std::min(to, text_.size())); }

    void raw_string() {
        const auto paren = text_.find('(', at_);
        if (paren == std::string_view::npos || paren - at_ > 18) return quoted('"', false);
        jump(after(")" + std::string(text_.substr(at_ + 2, paren - at_ - 2)) + "\"", paren));
    }

    void quoted(char quote, bool over_lines) {
        if (text_[at_] != quote) ++at_;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == quote) break;
            if (text_[at_] == '\n' && !over_lines) return;
            if (text_[at_] == '\\') ++at_;
        }
        at_ = std::min(at_ + 1, text_.size());
    }

    /// 'x' and '\n'; not the apostrophe of a lifetime or a digit separator. Longer ones are strings of JavaScript.
    void character() {
        const bool in_word = at_ > 0 && std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0;
        const auto end = text_.find_first_of("'\n", at_ + 1);
        const bool closes = end != std::string_view::npos && text_[end] == '\'';
        const bool lifetime = closes &&
                              text_.substr(at_, end - at_).find_first_of(",<>&(:{") != std::string_view::npos &&
                              end - at_ > 4 && std::isalpha(static_cast<unsigned char>(text_[at_ + 1])) != 0;
        const bool escaped = at_ + 1 < text_.size() && text_[at_ + 1] == '\\';
        if (in_word || (!closes && !escaped) || lifetime) {
            ++at_;
            return;
        }
        quoted('\'', false);
    }

    const std::string_view text_;
    const bool by_lines_;
    BraceVisitor& visitor_;
    std::size_t at_ = 0;
    std::optional<std::size_t> statement_;
    std::optional<std::size_t> comment_;
    bool line_begins_ = true;  ///< only blanks so far
    bool blank_line_ = true;
    int parens_ = 0;
    int inner_braces_ = 0;
};

}  // namespace

void scan_braces(std::string_view text, bool by_lines, BraceVisitor& visitor) {
    Scanner(text, by_lines, visitor).run();
}

}  // namespace hearth::ingest
