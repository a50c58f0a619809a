#include <algorithm>
#include <cmath>
#include <limits>

#include "llm/jinja_eval.h"

namespace hearth::llm::jinja {
namespace {

constexpr std::size_t kMaxItems = 1u << 20;

double as_double(const Value& value) {
    if (value.integer()) return static_cast<double>(*value.integer());
    return value.real() ? *value.real() : (*value.boolean() ? 1.0 : 0.0);
}

bool numeric(const Value& value) {
    return value.is_number() || value.boolean();
}

[[noreturn]] void refuse(const std::string& operation, const Value& a, const Value& b) {
    for (const Value* side : {&a, &b}) {
        if (side->is_undefined())
            throw Failure("\"" + side->undefined_name() + "\" is undefined (operand of " + operation + ")");
    }
    throw Failure("cannot compute " + std::string(a.type_name()) + " " + operation + " " + b.type_name());
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    const std::int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Value integer_arithmetic(const std::string& operation, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    bool overflow = false;
    if (operation == "+") {
        overflow = __builtin_add_overflow(a, b, &result);
    } else if (operation == "-") {
        overflow = __builtin_sub_overflow(a, b, &result);
    } else if (operation == "*") {
        overflow = __builtin_mul_overflow(a, b, &result);
    } else if (operation == "**") {
        if (b < 0) return std::pow(static_cast<double>(a), static_cast<double>(b));
        const double estimate = std::pow(static_cast<double>(a), static_cast<double>(b));
        overflow = !(std::fabs(estimate) < 9e15);  // exact in a double below this
        result = overflow ? 0 : static_cast<std::int64_t>(estimate);
    } else {
        if (b == 0) throw Failure("division by zero");
        if (operation == "/") return static_cast<double>(a) / static_cast<double>(b);
        overflow = a == std::numeric_limits<std::int64_t>::min() && b == -1;
        if (!overflow) result = operation == "//" ? floor_divide(a, b) : a - floor_divide(a, b) * b;
    }
    if (overflow) throw Failure("integer overflow in " + operation);
    return result;
}

Value float_arithmetic(const std::string& operation, double a, double b) {
    if (operation == "+") return a + b;
    if (operation == "-") return a - b;
    if (operation == "*") return a * b;
    if (operation == "**") return std::pow(a, b);
    if (b == 0) throw Failure("division by zero");
    if (operation == "/") return a / b;
    return operation == "//" ? std::floor(a / b) : a - std::floor(a / b) * b;
}

Value repeat(const Value& sequence, std::int64_t count, Budget& budget) {
    const std::size_t times = count > 0 ? static_cast<std::size_t>(count) : 0;
    if (const Text* text = sequence.text()) {
        if (!text->empty() && times > Budget::kMaxText / text->size()) budget.charge_text(Budget::kMaxText + 1);
        budget.charge_text(text->size() * times);
        budget.charge(text->runs().size() * times / 4);
        Text out;
        for (std::size_t i = 0; i < times && !text->empty(); ++i) out.append(*text);
        return Value(std::move(out));
    }
    const List& list = *sequence.list();
    if (!list.empty() && times > kMaxItems / list.size())
        throw Failure("a list too long", ErrorCode::kResourceExhausted);
    budget.charge(1 + list.size() * times);
    List out;
    for (std::size_t i = 0; i < times; ++i) out.insert(out.end(), list.begin(), list.end());
    return Value(std::move(out));
}

/// Python's slice indices over `size` items: the places picked, in order.
std::vector<std::size_t> sliced(std::int64_t size, const Value& start, const Value& stop, const Value& step_value) {
    const std::int64_t step = step_value.integer() ? *step_value.integer() : 1;
    if (step == 0) throw Failure("a slice's step must not be 0");
    const auto clamp = [&](const Value& value, std::int64_t fallback) {
        if (value.is_none() || value.is_undefined()) return fallback;
        if (!value.integer()) throw Failure(std::string("slice parts must be integers, not ") + value.type_name());
        std::int64_t at = *value.integer();
        if (at < 0) at = at < -size ? -1 : at + size;
        if (at < 0) return step < 0 ? std::int64_t{-1} : std::int64_t{0};
        return std::min(at, step < 0 ? size - 1 : size);
    };
    const std::int64_t first = clamp(start, step > 0 ? 0 : size - 1);
    const std::int64_t last = clamp(stop, step > 0 ? size : -1);
    std::vector<std::size_t> places;
    for (std::int64_t at = first; step > 0 ? at < last : at > last;) {
        places.push_back(static_cast<std::size_t>(at));
        if (step > size || step < -size) break;
        at += step;
    }
    return places;
}

}  // namespace

std::shared_ptr<const List> items_of(const Value& value, Budget& budget) {
    budget.charge();
    if (value.list()) return value.shared_list();
    List items;
    if (const Dict* dict = value.dict()) {
        budget.charge(dict->entries.size());
        for (const auto& entry : dict->entries) items.emplace_back(entry.first);
    } else if (const Text* text = value.text()) {
        budget.charge(2 * text->size());
        const std::vector<std::size_t> offsets = code_point_offsets(text->bytes());
        for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
            items.emplace_back(text->slice(offsets[i], offsets[i + 1] - offsets[i]));
        }
    } else if (!value.is_undefined()) {
        throw Failure(std::string("cannot iterate over a value of type ") + value.type_name());
    }
    return std::make_shared<const List>(std::move(items));
}

bool contains(const Value& container, const Value& item, Budget& budget) {
    if (const Text* text = container.text()) {
        if (!item.text()) throw Failure(std::string("\"in\" a string needs a string, not ") + item.type_name());
        budget.charge_search(text->size(), item.text()->size());
        return text->bytes().find(item.text()->bytes()) != std::string::npos;
    }
    if (const List* list = container.list()) {
        return std::any_of(list->begin(), list->end(),
                           [&](const Value& member) { return equal(member, item, budget); });
    }
    if (const Dict* dict = container.dict()) {
        budget.charge(1 + dict->entries.size() / 16);
        return item.text() && dict->find(item.text()->bytes());
    }
    if (container.is_undefined()) return false;
    throw Failure(std::string("\"in\" needs a container, not ") + container.type_name());
}

Value concatenate(const Value& a, const Value& b, Budget& budget) {
    Text out = to_text(a, budget);
    const Text right = to_text(b, budget);
    budget.charge_text(out.size() + right.size());
    out.append(right);
    return Value(std::move(out));
}

Value Evaluator::add(const Value& a, const Value& b) {
    if (a.text() && b.text()) return concatenate(a, b, budget_);
    if (!a.list() || !b.list()) refuse("+", a, b);
    if (a.list()->size() + b.list()->size() > kMaxItems)
        throw Failure("a list too long", ErrorCode::kResourceExhausted);
    budget_.charge(1 + a.list()->size() + b.list()->size());
    List joined = *a.list();
    joined.insert(joined.end(), b.list()->begin(), b.list()->end());
    return Value(std::move(joined));
}

Value Evaluator::binary(const std::string& operation, const Value& a, const Value& b) {
    if (operation == "~") return concatenate(a, b, budget_);
    if (numeric(a) && numeric(b)) {
        if (a.real() || b.real()) return float_arithmetic(operation, as_double(a), as_double(b));
        return integer_arithmetic(operation, static_cast<std::int64_t>(a.integer() ? *a.integer() : *a.boolean()),
                                  static_cast<std::int64_t>(b.integer() ? *b.integer() : *b.boolean()));
    }
    if (operation == "+") return add(a, b);
    if (operation == "*" && (a.text() || a.list()) && b.integer()) return repeat(a, *b.integer(), budget_);
    if (operation == "*" && (b.text() || b.list()) && a.integer()) return repeat(b, *a.integer(), budget_);
    refuse(operation, a, b);
}

Value Evaluator::evaluate_chain(const Expression& expression) {
    const std::string& first = expression.operators[0];
    Value value = evaluate(*expression.operands[0]);
    for (std::size_t i = 1; i < expression.operands.size(); ++i) {
        if (first == "or" || first == "and") {
            if (value.truthy() == (first == "or")) return value;
            value = evaluate(*expression.operands[i]);
        } else {
            value = binary(expression.operators[i - 1], value, evaluate(*expression.operands[i]));
        }
    }
    return value;
}

Value Evaluator::evaluate_compare(const Expression& expression) {
    Value left = evaluate(*expression.operands[0]);
    for (std::size_t i = 1; i < expression.operands.size(); ++i) {
        const std::string& operation = expression.operators[i - 1];
        Value right = evaluate(*expression.operands[i]);
        bool holds = false;
        if (operation == "==" || operation == "!=") {
            holds = equal(left, right, budget_) == (operation == "==");
        } else if (operation == "in" || operation == "not in") {
            holds = contains(right, left, budget_) == (operation == "in");
        } else if (left.is_undefined() || right.is_undefined()) {
            refuse(operation, left, right);
        } else {
            const bool swap = operation == ">" || operation == "<=";
            const bool ordered = swap ? less(right, left, budget_) : less(left, right, budget_);
            holds = ordered == (operation == "<" || operation == ">");
        }
        if (!holds) return false;
        left = std::move(right);
    }
    return true;
}

Value Evaluator::evaluate_unary(const Expression& expression) {
    const Value operand = evaluate(*expression.operands[0]);
    if (expression.name == "not") return !operand.truthy();
    if (!numeric(operand)) refuse(expression.name, Value(std::int64_t{0}), operand);
    if (expression.name == "+") return operand;
    if (operand.real()) return -*operand.real();
    return integer_arithmetic("-", 0, operand.integer() ? *operand.integer() : *operand.boolean());
}

Value Evaluator::index(const Value& value, const Value& key) {
    if (value.is_undefined()) throw Failure("\"" + value.undefined_name() + "\" is undefined (reading an item of it)");
    if (const Text* name = key.text()) {
        if (const Dict* dict = value.dict()) {
            budget_.charge(1 + dict->entries.size() / 16);
            if (const Value* member = dict->find(name->bytes())) return *member;
        }
        return attribute(value, name->bytes());
    }
    if (!key.integer() || (!value.list() && !value.text())) return Value::undefined(to_text(key, budget_).bytes());
    if (const List* list = value.list()) {
        const auto size = static_cast<std::int64_t>(list->size());
        const std::int64_t at = *key.integer() < 0 ? *key.integer() + size : *key.integer();
        if (at < 0 || at >= size) return Value::undefined("item " + std::to_string(*key.integer()));
        return (*list)[static_cast<std::size_t>(at)];
    }
    const Text& text = *value.text();
    budget_.charge(1 + text.size() / 16);
    const std::vector<std::size_t> offsets = code_point_offsets(text.bytes());
    const auto size = static_cast<std::int64_t>(offsets.size()) - 1;
    const std::int64_t at = *key.integer() < 0 ? *key.integer() + size : *key.integer();
    if (at < 0 || at >= size) return Value::undefined("character " + std::to_string(*key.integer()));
    const auto i = static_cast<std::size_t>(at);
    return Value(text.slice(offsets[i], offsets[i + 1] - offsets[i]));
}

Value Evaluator::evaluate_slice(const Expression& expression) {
    const Value value = evaluate(*expression.operands[0]);
    Value parts[3];
    for (std::size_t i = 0; i < 3; ++i) {
        if (expression.operands[i + 1]) parts[i] = evaluate(*expression.operands[i + 1]);
    }
    if (const List* list = value.list()) {
        budget_.charge(1 + list->size());
        List picked;
        for (const std::size_t at : sliced(static_cast<std::int64_t>(list->size()), parts[0], parts[1], parts[2])) {
            picked.push_back((*list)[at]);
        }
        return Value(std::move(picked));
    }
    const Text* text = value.text();
    if (!text) throw Failure(std::string("cannot slice a value of type ") + value.type_name());
    budget_.charge(1 + text->size() / 16);
    const std::vector<std::size_t> offsets = code_point_offsets(text->bytes());
    const auto places = sliced(static_cast<std::int64_t>(offsets.size()) - 1, parts[0], parts[1], parts[2]);
    if (places.empty()) return Value(Text());
    if (!parts[2].integer() || *parts[2].integer() == 1) {
        return Value(text->slice(offsets[places.front()], offsets[places.back() + 1] - offsets[places.front()]));
    }
    budget_.charge(1 + places.size());
    Text out;
    for (const std::size_t at : places) out.append(text->slice(offsets[at], offsets[at + 1] - offsets[at]));
    return Value(std::move(out));
}

}  // namespace hearth::llm::jinja
