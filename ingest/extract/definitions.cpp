#include "ingest/extract/definitions.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/utf8.h"
#include "ingest/extract/brace_scanner.h"
#include "ingest/extract/source_blocks.h"
#include "ingest/extract/text_builder.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

constexpr std::size_t kMaxNameBytes = 100;
constexpr std::size_t kMaxLevel = 6;
constexpr std::string_view kModifiers =
    "export default public private protected internal static final abstract sealed async local pub unsafe inline "
    "virtual override const partial open data suspend fileprivate typedef mutable or replace";
constexpr std::string_view kControl =
    "if for while switch catch else do try return synchronized using lock foreach when match guard with";

bool is_word_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string lower(std::string_view word) {
    std::string out(word);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

/// The word at `at` or behind the blanks there; moves `at` behind it.
std::string_view take_word(std::string_view text, std::size_t& at) {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) != 0) ++at;
    const std::size_t start = at;
    while (at < text.size() && is_word_char(text[at])) ++at;
    return text.substr(start, at - start);
}

std::string name_of(std::string_view signature) {
    std::string name = collapse_blanks(signature.substr(0, 4 * kMaxNameBytes));
    while (!name.empty() && (name.back() == '{' || name.back() == ' ' || name.back() == ':')) name.pop_back();
    name.resize(utf8_floor(name, kMaxNameBytes));
    return name;
}

/// The first word that is no modifier and no attribute.
std::string_view leading_word(std::string_view head) {
    std::size_t at = 0;
    for (;;) {
        const std::string_view word = take_word(head, at);
        if (word.empty() || !has_word(kModifiers, word)) return word;
        if (at < head.size() && head[at] == '(') at = std::min(head.find(')', at), head.size() - 1) + 1;  // pub(crate)
    }
}

enum class Head { kOther, kContainer, kFunction };

/// Drops "@Annotation(...)", "#[...]", "[[...]]" and "template <...>" in front.
std::string_view without_attributes(std::string_view head) {
    for (;;) {
        head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
        std::size_t at = 0;
        char open = '\0';
        if (head.starts_with("template")) {
            at = head.find('<');
            open = '<';
        } else if (head.starts_with("#[") || head.starts_with("[")) {
            at = head.find('[');
            open = '[';
        } else if (head.starts_with('@')) {
            at = 1;
            while (at < head.size() && (is_word_char(head[at]) || head[at] == '.')) ++at;
            if (at >= head.size() || head[at] != '(') {
                head.remove_prefix(at);
                continue;
            }
            open = '(';
        }
        if (open == '\0' || at == std::string_view::npos) return head;
        const char close = open == '<' ? '>' : open == '[' ? ']' : ')';
        int depth = 0;
        while (at < head.size()) {
            depth += head[at] == open ? 1 : head[at] == close ? -1 : 0;
            ++at;
            if (depth == 0) break;
        }
        head.remove_prefix(at);
    }
}

Head classify(std::string_view head, const Language& language) {
    const std::string_view word = leading_word(head);
    if (has_word(language.functions, word)) return Head::kFunction;
    const auto paren = head.find('(');
    const std::string_view front = head.substr(0, paren);
    const bool assigned = front.find('=') != std::string_view::npos && front.find("operator") == std::string_view::npos;
    if (has_word(language.containers, word) && !assigned) {
        // "struct point make(int x) {" is a function of C.
        const bool returns_it = paren != std::string_view::npos && language.containers.starts_with("struct");
        return returns_it ? Head::kFunction : Head::kContainer;
    }
    if (assigned) return head.find("=>") != std::string_view::npos ? Head::kFunction : Head::kOther;
    if (paren == std::string_view::npos || paren == 0 || has_word(kControl, word)) return Head::kOther;
    return Head::kFunction;
}

class BraceDefinitions final : public BraceVisitor {
  public:
    BraceDefinitions(std::string_view text, const Language& language) : text_(text), language_(language) {}

    void open(std::size_t statement, std::size_t comment, std::size_t brace) override {
        const bool inside_code = !scopes_.empty() && scopes_.back().kind != Head::kContainer;
        const std::string_view head =
            without_attributes(text_.substr(statement, std::min<std::size_t>(brace - statement, 4096)));
        Head kind = inside_code || depth_ >= kMaxLevel ? Head::kOther : classify(head, language_);
        const std::string name = name_of(head);
        if (name.empty() || name == "namespace") kind = Head::kOther;
        // A block at the top that belongs to nothing is passed through: extern "C", anonymous namespaces.
        if (kind == Head::kOther) return scopes_.push_back({inside_code ? Head::kOther : Head::kContainer, kNone});
        const TextSpan lines{line_start(std::min(comment, statement)), next_line(text_, brace, text_.size())};
        ++depth_;
        scopes_.push_back({kind, found_.size()});
        found_.push_back({lines, text_.size(), static_cast<int>(depth_), name});
    }

    void close(std::size_t brace) override {
        if (scopes_.empty()) return;
        if (scopes_.back().index != kNone) {
            found_[scopes_.back().index].end = next_line(text_, brace, text_.size());
            --depth_;
        }
        scopes_.pop_back();
    }

    std::vector<Definition> take() { return std::move(found_); }

  private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    struct Scope {
        Head kind;
        std::size_t index;
    };

    std::size_t line_start(std::size_t at) const {
        const auto newline = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
        return newline == std::string_view::npos ? 0 : newline + 1;
    }

    const std::string_view text_;
    const Language& language_;
    std::vector<Scope> scopes_;
    std::size_t depth_ = 0;
    std::vector<Definition> found_;
};

/// Definitions by a line's first word, ended by the next line that is not deeper.
class IndentDefinitions {
  public:
    IndentDefinitions(std::string_view text, const Language& language) : language_(language) { text_ = text; }

    void take(const Line& line) {
        const bool in_string = in_string_;
        if (toggles(line.words)) in_string_ = !in_string_;
        if (in_string || line.words.empty()) {
            above_.reset();
            return;
        }
        if (line.words.starts_with(language_.comment) || line.words.starts_with('@')) {
            if (!above_) above_ = line.span.start;
            return;
        }
        const std::size_t start = above_.value_or(line.span.start);
        above_.reset();
        if (!is_closing(line.words)) close(line.indent, start);
        if (!defines(line.words) || open_.size() >= kMaxLevel) return;
        open_.push_back({line.indent, found_.size()});
        found_.push_back({{start, line.span.end}, text_.size(), static_cast<int>(open_.size()), name_of(line.words)});
    }

    std::vector<Definition> finish() { return std::move(found_); }

  private:
    struct Open {
        std::size_t indent;
        std::size_t index;
    };

    void close(std::size_t indent, std::size_t end) {
        while (!open_.empty() && open_.back().indent >= indent) {
            found_[open_.back().index].end = end;
            open_.pop_back();
        }
    }

    static bool toggles(std::string_view words) {
        bool odd = false;
        for (const std::string_view quotes : {"\"\"\"", "'''"}) {
            for (auto at = words.find(quotes); at != std::string_view::npos; at = words.find(quotes, at + 3))
                odd = !odd;
        }
        return odd;
    }

    static bool is_closing(std::string_view words) {
        std::size_t at = 0;
        const std::string_view word = take_word(words, at);
        return words[0] == '}' || words[0] == ')' || words[0] == ']' || words[0] == '{' ||
               has_word("end endfunction endmacro done fi esac else elif", word);
    }

    bool defines(std::string_view words) const {
        const std::string word = lower(leading_word(words));
        if (has_word(language_.containers, word) || has_word(language_.functions, word)) return true;
        const bool shell = language_.name == "Shell" || language_.name == "Perl";
        const auto parens = words.find("()");
        return shell && parens != std::string_view::npos && parens > 0 &&
               std::all_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(parens),
                           [](char c) { return is_word_char(c) || c == '-'; }) &&
               words.find_first_not_of(" {", parens + 2) == std::string_view::npos;
    }

    std::string_view text_;
    const Language& language_;
    std::vector<Open> open_;
    std::vector<Definition> found_;
    std::optional<std::size_t> above_;  ///< where the comments right above begin
    bool in_string_ = false;
};

}  // namespace

std::vector<Definition> find_definitions(std::string_view text, const Language& language) {
    if (language.scopes != Scopes::kIndents) {
        BraceDefinitions definitions(text, language);
        scan_braces(text, language.scopes == Scopes::kBracesAndLines, definitions);
        return definitions.take();
    }
    IndentDefinitions definitions(text, language);
    for (std::size_t at = 0; at < text.size();) {
        const Line line = read_line(text, at);
        definitions.take(line);
        at = line.span.end;
    }
    return definitions.finish();
}

}  // namespace hearth::ingest
