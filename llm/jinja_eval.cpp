#include "llm/jinja_eval.h"

#include <algorithm>
#include <utility>

#include "llm/jinja_expression_parser.h"

namespace hearth::llm::jinja {

namespace {

/// Swaps a child scope in for as long as it lives.
class ScopeGuard {
  public:
    ScopeGuard(std::shared_ptr<Scope>& current, std::shared_ptr<Scope> parent) : current_(current), saved_(current) {
        current_ = std::make_shared<Scope>();
        current_->parent = std::move(parent);
    }
    ~ScopeGuard() { current_ = std::move(saved_); }
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;

  private:
    std::shared_ptr<Scope>& current_;
    std::shared_ptr<Scope> saved_;
};

}  // namespace

const Value* Arguments::find(std::size_t position, std::string_view name) const {
    if (position < positional.size()) return &positional[position];
    for (const auto& [key, value] : named) {
        if (key == name) return &value;
    }
    return nullptr;
}

std::int64_t Arguments::integer(std::size_t position, std::string_view name, std::int64_t fallback) const {
    const Value* value = find(position, name);
    if (!value || value->is_none()) return fallback;
    if (value->boolean()) return *value->boolean() ? 1 : 0;
    if (!value->integer()) throw Failure(std::string(name) + " must be an integer, not " + value->type_name());
    return *value->integer();
}

bool Arguments::flag(std::size_t position, std::string_view name, bool fallback) const {
    const Value* value = find(position, name);
    return value ? value->truthy() : fallback;
}

Arguments Arguments::rest(std::size_t count) const {
    return {positional.subspan(std::min(count, positional.size())), named};
}

Evaluator::Evaluator(Dict context) : scope_(std::make_shared<Scope>()) {
    for (auto& [name, value] : context.entries) scope_->names.emplace(name.bytes(), std::move(value));
}

Evaluator::~Evaluator() {
    for (const auto& name_space : namespaces_) name_space->members.entries.clear();
    for (const auto& scope : captured_) scope->names.clear();
}

Text Evaluator::render(const Body& body) {
    Text out;
    run(body, out);
    return out;
}

std::shared_ptr<Namespace> Evaluator::make_namespace() {
    budget_.charge();
    namespaces_.push_back(std::make_shared<Namespace>());
    return namespaces_.back();
}

Evaluator::Flow Evaluator::run(const Body& body, Text& out) {
    const Depth depth(*this);
    budget_.charge();
    for (const auto& statement : body) {
        const Flow flow = run_statement(*statement, out);
        if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
}

void Evaluator::print(const Value& value, Text& out) {
    const Text text = to_text(value, budget_);
    if (out.size() + text.size() > Budget::kMaxText) {
        throw Failure("the template writes more than 4 MiB", ErrorCode::kResourceExhausted);
    }
    out.append(text);
}

Evaluator::Flow Evaluator::run_statement(const Statement& statement, Text& out) {
    using Kind = Statement::Kind;
    switch (statement.kind) {
        case Kind::kData:
            print(Value(statement.text), out);
            break;
        case Kind::kPrint:
            print(evaluate(*statement.expression), out);
            break;
        case Kind::kIf:
            return run_if(statement, out);
        case Kind::kFor:
            return run_for(statement, out);
        case Kind::kSet:
            run_set(statement);
            break;
        case Kind::kSetBlock:
            run_set_block(statement, out);
            break;
        case Kind::kMacro:
            scope_->names.insert_or_assign(statement.macro.name, macro_value(statement.macro));
            break;
        case Kind::kCallBlock:
            run_call_block(statement, out);
            break;
        case Kind::kBreak:
            return Flow::kBreak;
        case Kind::kContinue:
            return Flow::kContinue;
        case Kind::kBlock:
            return run(statement.body, out);
    }
    return Flow::kNext;
}

Evaluator::Flow Evaluator::run_if(const Statement& statement, Text& out) {
    for (const auto& [condition, body] : statement.branches) {
        if (!condition || evaluate(*condition).truthy()) return run(body, out);
    }
    return Flow::kNext;
}

void Evaluator::bind(const std::vector<std::string>& names, Value value) {
    if (names.size() == 1) {
        scope_->names.insert_or_assign(names[0], std::move(value));
        return;
    }
    const auto parts = items_of(value, budget_);
    if (parts->size() != names.size()) {
        throw Failure("cannot unpack " + std::to_string(parts->size()) + " values into " +
                      std::to_string(names.size()));
    }
    for (std::size_t i = 0; i < names.size(); ++i) scope_->names.insert_or_assign(names[i], (*parts)[i]);
}

Evaluator::Flow Evaluator::run_for(const Statement& statement, Text& out) {
    auto items = items_of(evaluate(*statement.expression), budget_);
    const std::shared_ptr<Scope> outer = scope_;
    if (statement.condition) {
        List kept;
        for (const Value& item : *items) {
            const ScopeGuard guard(scope_, outer);
            bind(statement.names, item);
            if (evaluate(*statement.condition).truthy()) kept.push_back(item);
        }
        items = std::make_shared<const List>(std::move(kept));
    }
    if (items->empty()) return run(statement.orelse, out);
    int nesting = 0;
    for (const Value& item : *items) nesting = std::max(nesting, item.nesting());
    for (std::size_t i = 0; i < items->size(); ++i) {
        const ScopeGuard guard(scope_, outer);
        auto loop = std::make_shared<Loop>();
        loop->items = items;
        loop->index0 = i;
        loop->nesting = nesting;
        scope_->names.emplace("loop", Value(std::shared_ptr<const Loop>(std::move(loop))));
        bind(statement.names, (*items)[i]);
        if (run(statement.body, out) == Flow::kBreak) break;
    }
    return Flow::kNext;
}

void Evaluator::run_set(const Statement& statement) {
    Value value = evaluate(*statement.expression);
    if (statement.attribute_of.empty()) return bind(statement.names, std::move(value));
    Namespace* target = look_up(statement.attribute_of).name_space();
    if (!target) throw Failure("{% set " + statement.attribute_of + ".… %}: only a namespace has attributes to set");
    budget_.charge(1 + target->members.entries.size() / 16);
    target->members.set(Text(statement.names[0], true), std::move(value));
}

void Evaluator::run_set_block(const Statement& statement, Text& out) {
    Text text;
    {
        const ScopeGuard guard(scope_, scope_);
        run(statement.body, text);
    }
    Value value(std::move(text));
    if (statement.expression) {
        const ScopeGuard guard(scope_, scope_);
        scope_->names.emplace(kBlockTextName, std::move(value));
        value = evaluate(*statement.expression);
    }
    if (statement.names.empty()) return print(value, out);
    bind(statement.names, std::move(value));
}

Value Evaluator::macro_value(const Macro& macro) {
    auto callable = std::make_shared<Callable>();
    callable->kind = Callable::Kind::kMacro;
    callable->name = macro.name;
    callable->macro = &macro;
    callable->scope = scope_;
    budget_.charge(8);  // the scope and its names stay until the end
    captured_.push_back(scope_);
    return Value(std::shared_ptr<const Callable>(std::move(callable)));
}

void Evaluator::run_call_block(const Statement& statement, Text& out) {
    const Value callee = evaluate(*statement.expression->operands[0]);
    OwnedArguments arguments = evaluate_arguments(*statement.expression);
    arguments.named.emplace_back("caller", macro_value(statement.macro));
    print(call(callee, arguments), out);
}

Value Evaluator::call_macro(const Callable& callable, const Arguments& arguments) {
    const Macro& macro = *callable.macro;
    const ScopeGuard guard(scope_, callable.scope);
    if (arguments.positional.size() > macro.parameters.size()) {
        throw Failure("macro " + macro.name + " takes " + std::to_string(macro.parameters.size()) + " arguments, got " +
                      std::to_string(arguments.positional.size()));
    }
    for (const auto& [name, value] : arguments.named) scope_->names.insert_or_assign(name, value);
    for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
        const auto& [name, fallback] = macro.parameters[i];
        const Value* given = arguments.find(i, name);
        Value value = given ? *given : fallback ? evaluate(*fallback) : Value::undefined(name);
        scope_->names.insert_or_assign(name, std::move(value));
    }
    Text out;
    run(macro.body, out);
    return Value(std::move(out));
}

Value Evaluator::call(const Value& callee, const Arguments& arguments) {
    const Callable* callable = callee.callable();
    if (callee.is_undefined()) throw Failure("\"" + callee.undefined_name() + "\" is undefined and cannot be called");
    if (!callable) throw Failure(std::string("a value of type ") + callee.type_name() + " cannot be called");
    const Depth depth(*this);
    budget_.charge();
    switch (callable->kind) {
        case Callable::Kind::kFunction:
            return call_function(*this, callable->name, arguments);
        case Callable::Kind::kMethod:
            return call_method(*this, callable->self, callable->name, arguments);
        case Callable::Kind::kMacro:
            break;
    }
    return call_macro(*callable, arguments);
}

Value Evaluator::look_up(const std::string& name) {
    std::size_t hops = 0;
    for (const Scope* scope = scope_.get(); scope; scope = scope->parent.get()) {
        if (++hops % 16 == 0) budget_.charge();
        const auto found = scope->names.find(name);
        if (found != scope->names.end()) return found->second;
    }
    if (is_function(name)) {
        auto callable = std::make_shared<Callable>();
        callable->name = name;
        return Value(std::shared_ptr<const Callable>(std::move(callable)));
    }
    return Value::undefined(name);
}

OwnedArguments Evaluator::evaluate_arguments(const Expression& expression) {
    OwnedArguments arguments;
    for (std::size_t i = 1; i < expression.operands.size(); ++i) {
        arguments.positional.push_back(evaluate(*expression.operands[i]));
    }
    for (const auto& [name, value] : expression.named) arguments.named.emplace_back(name, evaluate(*value));
    return arguments;
}

Value Evaluator::evaluate(const Expression& expression) {
    using Kind = Expression::Kind;
    const Depth depth(*this);
    budget_.charge();
    const auto operand = [&](std::size_t i) { return evaluate(*expression.operands[i]); };
    switch (expression.kind) {
        case Kind::kLiteral:
            return expression.value;
        case Kind::kName:
            return look_up(expression.name);
        case Kind::kDict:
            return evaluate_dict(expression);
        case Kind::kAttribute:
            return attribute(operand(0), expression.name);
        case Kind::kIndex:
            return index(operand(0), operand(1));
        case Kind::kSlice:
            return evaluate_slice(expression);
        case Kind::kUnary:
            return evaluate_unary(expression);
        case Kind::kChain:
            return evaluate_chain(expression);
        case Kind::kCompare:
            return evaluate_compare(expression);
        case Kind::kList: {
            List list;
            for (const auto& item : expression.operands) list.push_back(evaluate(*item));
            return Value(std::move(list));
        }
        case Kind::kCall: {
            const Value callee = operand(0);
            return call(callee, evaluate_arguments(expression));
        }
        case Kind::kFilter: {
            const Value input = operand(0);
            return apply_filter(*this, expression.name, input, evaluate_arguments(expression));
        }
        case Kind::kTest: {
            const Value input = operand(0);
            return apply_test(*this, expression.name, input, evaluate_arguments(expression));
        }
        case Kind::kChoice:
            if (operand(1).truthy()) return operand(0);
            return expression.operands[2] ? operand(2) : Value::undefined("the else of an inline if");
    }
    return Value();
}

Value Evaluator::evaluate_dict(const Expression& expression) {
    Dict dict;
    for (std::size_t i = 0; i < expression.operands.size(); i += 2) {
        const Value key = evaluate(*expression.operands[i]);
        if (!key.text()) throw Failure(std::string("dictionary keys must be strings, not ") + key.type_name());
        budget_.charge(dict.entries.size() / 16);
        dict.set(*key.text(), evaluate(*expression.operands[i + 1]));
    }
    return Value(std::move(dict));
}

Value Evaluator::attribute(const Value& value, const std::string& name) {
    if (value.is_undefined()) throw Failure("\"" + value.undefined_name() + "\" is undefined (reading ." + name + ")");
    if (const Loop* loop = value.loop()) {
        const auto& items = *loop->items;
        const auto i = loop->index0;
        const auto number = [](std::size_t n) { return Value(static_cast<std::int64_t>(n)); };
        if (name == "index0") return number(i);
        if (name == "index") return number(i + 1);
        if (name == "revindex") return number(items.size() - i);
        if (name == "revindex0") return number(items.size() - i - 1);
        if (name == "length") return number(items.size());
        if (name == "depth") return number(1);  // of recursive loops, which are not supported
        if (name == "depth0") return number(0);
        if (name == "first") return i == 0;
        if (name == "last") return i + 1 == items.size();
        if (name == "previtem" && i > 0) return items[i - 1];
        if (name == "nextitem" && i + 1 < items.size()) return items[i + 1];
    } else if (has_method(value, name)) {
        auto callable = std::make_shared<Callable>();
        callable->kind = Callable::Kind::kMethod;
        callable->name = name;
        callable->self = value;
        return Value(std::shared_ptr<const Callable>(std::move(callable)));
    }
    const Dict* members = value.name_space() ? &value.name_space()->members : value.dict();
    if (members) {
        budget_.charge(1 + members->entries.size() / 16);
        if (const Value* member = members->find(name)) return *member;
    }
    return Value::undefined(name);
}

Value Evaluator::attribute_path(const Value& value, std::string_view path) {
    Value current = value;
    while (true) {
        const std::size_t dot = path.find('.');
        const std::string part(path.substr(0, dot));
        const bool is_index = !part.empty() && part.size() < 10 &&
                              std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
        std::int64_t number = 0;
        for (const char c : is_index ? part : std::string()) number = number * 10 + (c - '0');
        // The members of data shadow methods here: a filter's attribute is looked up as an item first.
        current = is_index ? index(current, Value(number)) : index(current, Value::trusted(part));
        if (dot == std::string_view::npos) return current;
        path.remove_prefix(dot + 1);
    }
}

}  // namespace hearth::llm::jinja
