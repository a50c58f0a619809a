#include "llm/jinja_expression_parser.h"

namespace hearth::llm::jinja {

using Kind = Expression::Kind;

void Cursor::fail(const std::string& what) const {
    throw Failure("template line " + std::to_string(peek().line) + ": " + what);
}

void Cursor::expect(Token::Kind kind, std::string_view what) {
    if (!accept(kind)) fail("expected " + std::string(what) + ", found \"" + peek().text + "\"");
}

void Cursor::expect_name(std::string_view name) {
    if (!accept_name(name)) fail("expected " + std::string(name) + ", found \"" + peek().text + "\"");
}

void Cursor::expect_operator(std::string_view text) {
    if (!accept_operator(text)) fail("expected \"" + std::string(text) + "\", found \"" + peek().text + "\"");
}

std::string Cursor::take_name() {
    if (!at(Token::Kind::kName)) fail("expected a name, found \"" + peek().text + "\"");
    return take().text;
}

namespace {

ExpressionPtr join(ExpressionPtr joined, ExpressionPtr left, ExpressionPtr right) {
    joined->operands.push_back(std::move(left));
    joined->operands.push_back(std::move(right));
    return joined;
}

}  // namespace

ExpressionPtr ExpressionParser::make(Kind kind, std::string name) const {
    auto expression = std::make_unique<Expression>();
    expression->kind = kind;
    expression->line = cursor_.peek().line;
    expression->name = std::move(name);
    return expression;
}

ExpressionPtr ExpressionParser::parse() {
    const Cursor::Nesting nesting(cursor_);
    ExpressionPtr left = parse_without_choice();
    int links = 0;
    while (cursor_.accept_name("if")) {
        if (++links > 32) cursor_.fail("more than 32 chained choices");
        auto choice = join(make(Kind::kChoice), std::move(left), parse_without_choice());
        choice->operands.push_back(cursor_.accept_name("else") ? parse() : nullptr);
        left = std::move(choice);
    }
    return left;
}

ExpressionPtr ExpressionParser::parse_tuple() {
    ExpressionPtr first = parse();
    if (!cursor_.at_operator(",")) return first;
    auto tuple = make(Kind::kList);
    tuple->operands.push_back(std::move(first));
    while (cursor_.accept_operator(",")) {
        const Token::Kind next = cursor_.peek().kind;
        if (next == Token::Kind::kPrintEnd || next == Token::Kind::kBlockEnd || cursor_.at_operator(")")) break;
        tuple->operands.push_back(parse());
    }
    return tuple;
}

/// Left-associative operators of one level, kept flat: a long sum must not become a deep tree.
ExpressionPtr ExpressionParser::parse_chain(Level next, std::initializer_list<std::string_view> operators) {
    ExpressionPtr first = (this->*next)();
    ExpressionPtr chain;
    for (;;) {
        const Token& token = cursor_.peek();
        const bool is_word = token.kind == Token::Kind::kName;
        const bool matches = (is_word || token.kind == Token::Kind::kOperator) &&
                             std::find(operators.begin(), operators.end(), token.text) != operators.end();
        if (!matches) return chain ? std::move(chain) : std::move(first);
        if (!chain) {
            chain = make(Kind::kChain);
            chain->operands.push_back(std::move(first));
        }
        chain->operators.push_back(cursor_.take().text);
        chain->operands.push_back((this->*next)());
    }
}

ExpressionPtr ExpressionParser::parse_without_choice() {
    return parse_chain(&ExpressionParser::parse_and, {"or"});
}
ExpressionPtr ExpressionParser::parse_and() {
    return parse_chain(&ExpressionParser::parse_not, {"and"});
}

ExpressionPtr ExpressionParser::parse_not() {
    if (!cursor_.at_name("not")) return parse_compare();
    const Cursor::Nesting nesting(cursor_);
    cursor_.take();
    auto negation = make(Kind::kUnary, "not");
    negation->operands.push_back(parse_not());
    return negation;
}

ExpressionPtr ExpressionParser::parse_compare() {
    ExpressionPtr first = parse_sum();
    ExpressionPtr compare;
    for (;;) {
        std::string comparison;
        for (const std::string_view text : {"==", "!=", "<=", ">=", "<", ">"}) {
            if (comparison.empty() && cursor_.accept_operator(text)) comparison = text;
        }
        if (comparison.empty() && cursor_.accept_name("in")) comparison = "in";
        if (comparison.empty() && cursor_.at_name("not") && cursor_.peek(1).text == "in") {
            cursor_.take();
            cursor_.take();
            comparison = "not in";
        }
        if (comparison.empty()) return compare ? std::move(compare) : std::move(first);
        if (!compare) {
            compare = make(Kind::kCompare);
            compare->operands.push_back(std::move(first));
        }
        compare->operators.push_back(std::move(comparison));
        compare->operands.push_back(parse_sum());
    }
}

ExpressionPtr ExpressionParser::parse_sum() {
    return parse_chain(&ExpressionParser::parse_concat, {"+", "-"});
}
ExpressionPtr ExpressionParser::parse_concat() {
    return parse_chain(&ExpressionParser::parse_product, {"~"});
}
ExpressionPtr ExpressionParser::parse_product() {
    return parse_chain(&ExpressionParser::parse_power, {"*", "/", "//", "%"});
}
ExpressionPtr ExpressionParser::parse_power() {
    return parse_chain(&ExpressionParser::parse_unary, {"**"});
}

ExpressionPtr ExpressionParser::parse_signed(bool with_filters) {
    const Cursor::Nesting nesting(cursor_);
    ExpressionPtr node;
    if (cursor_.at_operator("-") || cursor_.at_operator("+")) {
        node = make(Kind::kUnary, cursor_.take().text);
        node->operands.push_back(parse_signed(false));
    } else {
        node = parse_primary();
    }
    node = parse_postfix(std::move(node));
    return with_filters ? parse_filters(std::move(node)) : std::move(node);
}

ExpressionPtr ExpressionParser::parse_primary() {
    auto literal = make(Kind::kLiteral);
    switch (cursor_.peek().kind) {
        case Token::Kind::kInteger:
            literal->value = cursor_.take().integer;
            return literal;
        case Token::Kind::kFloat:
            literal->value = cursor_.take().real;
            return literal;
        case Token::Kind::kString: {
            std::string text;
            while (cursor_.at(Token::Kind::kString)) text += cursor_.take().text;
            literal->value = Value::trusted(std::move(text));
            return literal;
        }
        case Token::Kind::kName:
            break;
        case Token::Kind::kOperator:
            return parse_bracket();
        default:
            cursor_.fail("expected an expression");
    }
    const std::string name = cursor_.take().text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
        literal->value = name == "true" || name == "True";
    } else if (name != "none" && name != "None") {
        literal->kind = Kind::kName;
        literal->name = name;
    }
    return literal;
}

ExpressionPtr ExpressionParser::parse_bracket() {
    if (cursor_.accept_operator("(")) {
        if (cursor_.accept_operator(")")) return make(Kind::kList);
        ExpressionPtr inside = parse_tuple();
        cursor_.expect_operator(")");
        return inside;
    }
    if (cursor_.at_operator("{")) return parse_dict();
    if (!cursor_.accept_operator("[")) cursor_.fail("unexpected \"" + cursor_.peek().text + "\"");
    auto list = make(Kind::kList);
    while (!cursor_.accept_operator("]")) {
        list->operands.push_back(parse());
        if (!cursor_.at_operator("]")) cursor_.expect_operator(",");
    }
    return list;
}

ExpressionPtr ExpressionParser::parse_dict() {
    cursor_.expect_operator("{");
    auto dict = make(Kind::kDict);
    while (!cursor_.accept_operator("}")) {
        dict->operands.push_back(parse());
        cursor_.expect_operator(":");
        dict->operands.push_back(parse());
        if (!cursor_.at_operator("}")) cursor_.expect_operator(",");
    }
    return dict;
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr base) {
    for (int links = 0;; ++links) {
        if (links > 64) cursor_.fail("more than 64 chained accesses");
        if (cursor_.accept_operator(".")) {
            ExpressionPtr access;
            if (cursor_.at(Token::Kind::kInteger)) {
                access = make(Kind::kIndex);
                auto index = make(Kind::kLiteral);
                index->value = cursor_.take().integer;
                base = join(std::move(access), std::move(base), std::move(index));
                continue;
            }
            access = make(Kind::kAttribute, cursor_.take_name());
            access->operands.push_back(std::move(base));
            base = std::move(access);
        } else if (cursor_.accept_operator("[")) {
            base = parse_subscript(std::move(base));
        } else if (cursor_.at_operator("(")) {
            auto call = make(Kind::kCall);
            call->operands.push_back(std::move(base));
            parse_arguments(*call);
            base = std::move(call);
        } else {
            return base;
        }
    }
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr base) {
    ExpressionPtr parts[3];
    int colons = 0;
    while (!cursor_.at_operator("]")) {
        if (cursor_.accept_operator(":")) {
            if (++colons > 2) cursor_.fail("a slice has at most three parts");
        } else {
            if (parts[colons]) cursor_.fail("expected \"]\"");
            parts[colons] = parse();
        }
    }
    cursor_.expect_operator("]");
    if (colons == 0 && !parts[0]) cursor_.fail("an index is empty");
    auto access = make(colons > 0 ? Kind::kSlice : Kind::kIndex);
    access->operands.push_back(std::move(base));
    for (int i = 0; i < (colons > 0 ? 3 : 1); ++i) access->operands.push_back(std::move(parts[i]));
    return access;
}

void ExpressionParser::parse_arguments(Expression& call) {
    cursor_.expect_operator("(");
    while (!cursor_.accept_operator(")")) {
        const bool is_named = cursor_.at(Token::Kind::kName) && cursor_.peek(1).kind == Token::Kind::kOperator &&
                              cursor_.peek(1).text == "=";
        if (is_named) {
            std::string name = cursor_.take_name();
            cursor_.take();
            call.named.emplace_back(std::move(name), parse());
        } else {
            if (!call.named.empty()) cursor_.fail("a positional argument follows a named one");
            call.operands.push_back(parse());
        }
        if (!cursor_.at_operator(")")) cursor_.expect_operator(",");
    }
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr input, bool first) {
    for (int links = 0;; ++links) {
        if (links > 64) cursor_.fail("more than 64 chained filters");
        if ((first && links == 0) || cursor_.accept_operator("|")) {
            auto filter = make(Kind::kFilter, cursor_.take_name());
            filter->operands.push_back(std::move(input));
            if (cursor_.at_operator("(")) parse_arguments(*filter);
            input = std::move(filter);
        } else if (cursor_.accept_name("is")) {
            input = parse_test(std::move(input));
        } else if (cursor_.at_operator("(") || cursor_.at_operator(".") || cursor_.at_operator("[")) {
            input = parse_postfix(std::move(input));
        } else {
            return input;
        }
    }
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr subject) {
    const bool negated = cursor_.accept_name("not");
    auto test = make(Kind::kTest, cursor_.take_name());
    test->operands.push_back(std::move(subject));
    const Token& next = cursor_.peek();
    const bool starts_value = next.kind == Token::Kind::kString || next.kind == Token::Kind::kInteger ||
                              next.kind == Token::Kind::kFloat || cursor_.at_operator("[") || cursor_.at_operator("{");
    const bool is_word = next.kind == Token::Kind::kName && next.text != "else" && next.text != "or" &&
                         next.text != "and" && next.text != "if" && next.text != "is" && next.text != "in" &&
                         next.text != "not";
    if (cursor_.at_operator("(")) {
        parse_arguments(*test);
    } else if (starts_value || is_word) {
        test->operands.push_back(parse_postfix(parse_primary()));
    }
    if (!negated) return test;
    auto negation = make(Kind::kUnary, "not");
    negation->operands.push_back(std::move(test));
    return negation;
}

}  // namespace hearth::llm::jinja
