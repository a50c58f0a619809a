#include "llm/jinja_parser.h"

#include <algorithm>
#include <initializer_list>

#include "llm/jinja_expression_parser.h"
#include "llm/jinja_lexer.h"

namespace hearth::llm::jinja {
namespace {

using Kind = Statement::Kind;

class Parser {
  public:
    explicit Parser(std::string_view source) : cursor_(tokenize(source)), expressions_(cursor_) {}

    Body parse_all() {
        Body body = parse_body({});
        if (!cursor_.at(Token::Kind::kEnd)) cursor_.fail("unexpected tag");
        return body;
    }

  private:
    using Ends = std::initializer_list<std::string_view>;
    using StatementPtr = std::unique_ptr<Statement>;

    StatementPtr make(Kind kind) const {
        auto statement = std::make_unique<Statement>();
        statement->kind = kind;
        statement->line = cursor_.peek().line;
        return statement;
    }
    void end_block() { cursor_.expect(Token::Kind::kBlockEnd, "%}"); }
    void close(std::string_view name) {
        cursor_.expect(Token::Kind::kBlockBegin, "{%");
        cursor_.expect_name(name);
        end_block();
    }

    Body parse_body(Ends ends);
    StatementPtr parse_tag();
    StatementPtr parse_if();
    StatementPtr parse_for();
    StatementPtr parse_set();
    StatementPtr parse_macro();
    StatementPtr parse_call_block();
    StatementPtr parse_filter_block();
    void parse_parameters(Macro& macro);

    Cursor cursor_;
    ExpressionParser expressions_;
};

/// Statements up to a tag named in `ends`, which stays unread.
Body Parser::parse_body(Ends ends) {
    const Cursor::Nesting nesting(cursor_);
    Body body;
    for (;;) {
        if (cursor_.at(Token::Kind::kEnd)) {
            if (ends.size() > 0)
                cursor_.fail("the template ends inside a block; expected " + std::string(*ends.begin()));
            return body;
        }
        if (cursor_.at(Token::Kind::kData)) {
            auto data = make(Kind::kData);
            data->text = Text(cursor_.take().text, true);
            body.push_back(std::move(data));
        } else if (cursor_.accept(Token::Kind::kPrintBegin)) {
            auto print = make(Kind::kPrint);
            print->expression = expressions_.parse_tuple();
            cursor_.expect(Token::Kind::kPrintEnd, "}}");
            body.push_back(std::move(print));
        } else {
            const std::string& name = cursor_.peek(1).text;
            if (std::find(ends.begin(), ends.end(), name) != ends.end()) return body;
            body.push_back(parse_tag());
        }
    }
}

Parser::StatementPtr Parser::parse_tag() {
    cursor_.expect(Token::Kind::kBlockBegin, "{%");
    if (cursor_.accept_name("if")) return parse_if();
    if (cursor_.accept_name("for")) return parse_for();
    if (cursor_.accept_name("set")) return parse_set();
    if (cursor_.accept_name("macro")) return parse_macro();
    if (cursor_.accept_name("call")) return parse_call_block();
    if (cursor_.accept_name("filter")) return parse_filter_block();
    if (cursor_.accept_name("generation")) {
        auto block = make(Kind::kBlock);
        end_block();
        block->body = parse_body({"endgeneration"});
        close("endgeneration");
        return block;
    }
    const bool is_break = cursor_.accept_name("break");
    if (is_break || cursor_.accept_name("continue")) {
        auto jump = make(is_break ? Kind::kBreak : Kind::kContinue);
        end_block();
        return jump;
    }
    cursor_.fail("unknown tag \"" + cursor_.peek().text + "\"");
}

Parser::StatementPtr Parser::parse_if() {
    auto statement = make(Kind::kIf);
    ExpressionPtr condition = expressions_.parse_tuple();
    for (;;) {
        end_block();
        Body body = parse_body({"endif", "elif", "else"});
        const bool was_else = !condition;
        statement->branches.emplace_back(std::move(condition), std::move(body));
        cursor_.expect(Token::Kind::kBlockBegin, "{%");
        if (!was_else && cursor_.accept_name("elif")) {
            condition = expressions_.parse_tuple();
        } else if (!was_else && cursor_.accept_name("else")) {
            condition = nullptr;
        } else {
            cursor_.expect_name("endif");
            end_block();
            return statement;
        }
    }
}

Parser::StatementPtr Parser::parse_for() {
    auto statement = make(Kind::kFor);
    const bool bracketed = cursor_.accept_operator("(");
    do {
        statement->names.push_back(cursor_.take_name());
    } while (cursor_.accept_operator(",") && !cursor_.at_operator(")"));
    if (bracketed) cursor_.expect_operator(")");
    cursor_.expect_name("in");
    statement->expression = expressions_.parse_without_choice();
    if (cursor_.accept_name("if")) statement->condition = expressions_.parse();
    if (cursor_.accept_name("recursive")) cursor_.fail("recursive loops are not supported");
    end_block();
    statement->body = parse_body({"endfor", "else"});
    cursor_.expect(Token::Kind::kBlockBegin, "{%");
    if (cursor_.accept_name("else")) {
        end_block();
        statement->orelse = parse_body({"endfor"});
        cursor_.expect(Token::Kind::kBlockBegin, "{%");
    }
    cursor_.expect_name("endfor");
    end_block();
    return statement;
}

Parser::StatementPtr Parser::parse_set() {
    auto statement = make(Kind::kSet);
    std::string first = cursor_.take_name();
    if (cursor_.accept_operator(".")) {
        statement->attribute_of = std::move(first);
        first = cursor_.take_name();
    }
    statement->names.push_back(std::move(first));
    while (cursor_.accept_operator(",")) statement->names.push_back(cursor_.take_name());
    if (cursor_.accept_operator("=")) {
        statement->expression = expressions_.parse_tuple();
        end_block();
        return statement;
    }
    statement->kind = Kind::kSetBlock;
    if (cursor_.at_operator("|")) {
        auto input = std::make_unique<Expression>();
        input->kind = Expression::Kind::kName;
        input->name = kBlockTextName;
        statement->expression = expressions_.parse_filters(std::move(input));
    }
    end_block();
    statement->body = parse_body({"endset"});
    close("endset");
    return statement;
}

/// {% filter upper %}…{% endfilter %}: a print of the body's text through the filters.
Parser::StatementPtr Parser::parse_filter_block() {
    auto statement = make(Kind::kSetBlock);
    auto input = std::make_unique<Expression>();
    input->kind = Expression::Kind::kName;
    input->name = kBlockTextName;
    statement->expression = expressions_.parse_filters(std::move(input), true);
    end_block();
    statement->body = parse_body({"endfilter"});
    close("endfilter");
    return statement;
}

void Parser::parse_parameters(Macro& macro) {
    cursor_.expect_operator("(");
    while (!cursor_.accept_operator(")")) {
        std::string name = cursor_.take_name();
        ExpressionPtr fallback;
        if (cursor_.accept_operator("=")) fallback = expressions_.parse();
        macro.parameters.emplace_back(std::move(name), std::move(fallback));
        if (!cursor_.at_operator(")")) cursor_.expect_operator(",");
    }
}

Parser::StatementPtr Parser::parse_macro() {
    auto statement = make(Kind::kMacro);
    statement->macro.name = cursor_.take_name();
    parse_parameters(statement->macro);
    end_block();
    statement->macro.body = parse_body({"endmacro"});
    close("endmacro");
    return statement;
}

Parser::StatementPtr Parser::parse_call_block() {
    auto statement = make(Kind::kCallBlock);
    statement->macro.name = "caller";
    if (cursor_.at_operator("(")) parse_parameters(statement->macro);
    statement->expression = expressions_.parse();
    if (statement->expression->kind != Expression::Kind::kCall) cursor_.fail("{% call %} needs a call");
    end_block();
    statement->macro.body = parse_body({"endcall"});
    close("endcall");
    return statement;
}

}  // namespace

Body parse(std::string_view source) {
    return Parser(source).parse_all();
}

}  // namespace hearth::llm::jinja
