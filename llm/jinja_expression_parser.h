// Expressions of the template language: one function per level of precedence.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "llm/jinja_ast.h"
#include "llm/jinja_lexer.h"

namespace hearth::llm::jinja {

/// The name that stands for a block's own text inside its filter chain; no template can write it.
inline constexpr const char* kBlockTextName = " block";

/// A position in the tokens.
class Cursor {
  public:
    explicit Cursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
    Token take() { return at_ + 1 < tokens_.size() ? std::move(tokens_[at_++]) : tokens_.back(); }
    bool at(Token::Kind kind) const { return peek().kind == kind; }
    bool at_name(std::string_view name) const { return at(Token::Kind::kName) && peek().text == name; }
    bool at_operator(std::string_view text) const { return at(Token::Kind::kOperator) && peek().text == text; }
    bool accept(Token::Kind kind) { return skip_if(at(kind)); }
    bool accept_name(std::string_view name) { return skip_if(at_name(name)); }
    bool accept_operator(std::string_view text) { return skip_if(at_operator(text)); }
    void expect(Token::Kind kind, std::string_view what);
    void expect_name(std::string_view name);
    void expect_operator(std::string_view text);
    std::string take_name();
    [[noreturn]] void fail(const std::string& what) const;

    /// Counts how deep the parser is; the tree must not outgrow the stack that walks it.
    class Nesting {
      public:
        explicit Nesting(Cursor& cursor) : cursor_(cursor) {
            if (++cursor_.depth_ > kMaxDepth) cursor_.fail("nested deeper than 64 levels");
        }
        ~Nesting() { --cursor_.depth_; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

      private:
        static constexpr int kMaxDepth = 64;
        Cursor& cursor_;
    };

  private:
    bool skip_if(bool matches) {
        if (matches) ++at_;
        return matches;
    }
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

class ExpressionParser {
  public:
    explicit ExpressionParser(Cursor& cursor) : cursor_(cursor) {}

    ExpressionPtr parse();                 ///< a if b else c, and all below
    ExpressionPtr parse_without_choice();  ///< leaves `if` to a for loop
    ExpressionPtr parse_tuple();           ///< a, b, c without brackets
    /// `first`: the first filter stands without its bar, as in {% filter upper %}.
    ExpressionPtr parse_filters(ExpressionPtr input, bool first = false);

  private:
    using Level = ExpressionPtr (ExpressionParser::*)();
    ExpressionPtr make(Expression::Kind kind, std::string name = {}) const;
    ExpressionPtr parse_chain(Level next, std::initializer_list<std::string_view> operators);
    ExpressionPtr parse_and();
    ExpressionPtr parse_not();
    ExpressionPtr parse_compare();
    ExpressionPtr parse_sum();
    ExpressionPtr parse_concat();
    ExpressionPtr parse_product();
    ExpressionPtr parse_power();
    ExpressionPtr parse_unary() { return parse_signed(true); }
    ExpressionPtr parse_signed(bool with_filters);
    ExpressionPtr parse_primary();
    ExpressionPtr parse_bracket();
    ExpressionPtr parse_dict();
    ExpressionPtr parse_postfix(ExpressionPtr base);
    ExpressionPtr parse_subscript(ExpressionPtr base);
    ExpressionPtr parse_test(ExpressionPtr subject);
    void parse_arguments(Expression& call);

    Cursor& cursor_;
};

}  // namespace hearth::llm::jinja
