#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "llm/jinja_eval.h"

namespace hearth::llm::jinja {
namespace {

using Filter = Value (*)(Evaluator&, const Value&, const Arguments&);

/// Order that ignores the case of strings, as sort, unique and dictsort do unless told otherwise.
Value sort_key(const Value& value, bool case_sensitive, Budget& budget) {
    if (value.text()) budget.charge_text(*value.text());
    return value.text() && !case_sensitive ? Value(with_case(*value.text(), LetterCase::kLower)) : value;
}

Value filter_default(Evaluator&, const Value& input, const Arguments& arguments) {
    const bool use = input.is_undefined() || (arguments.flag(1, "boolean", false) && !input.truthy());
    if (!use) return input;
    const Value* fallback = arguments.find(0, "default_value");
    return fallback ? *fallback : Value(Text());
}

Value filter_length(Evaluator&, const Value& input, const Arguments&) {
    std::size_t size = 0;
    if (input.text()) {
        size = code_point_offsets(input.text()->bytes()).size() - 1;
    } else if (input.list()) {
        size = input.list()->size();
    } else if (input.dict()) {
        size = input.dict()->entries.size();
    } else if (!input.is_undefined()) {
        throw Failure(std::string("a value of type ") + input.type_name() + " has no length");
    }
    return static_cast<std::int64_t>(size);
}

Value filter_join(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const Value* separator = arguments.find(0, "d");
    const Value* attribute = arguments.find(1, "attribute");
    const auto items = items_of(input, evaluator.budget());
    Text out;
    for (std::size_t i = 0; i < items->size(); ++i) {
        if (i > 0 && separator) out.append(to_text(*separator, evaluator.budget()));
        const Value item = attribute
                               ? evaluator.attribute_path((*items)[i], to_text(*attribute, evaluator.budget()).bytes())
                               : (*items)[i];
        out.append(to_text(item, evaluator.budget()));
        evaluator.budget().charge();
        if (out.size() > Budget::kMaxText) evaluator.budget().charge_text(out.size());
    }
    evaluator.budget().charge_text(out.size());
    return Value(std::move(out));
}

Value filter_tojson(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const Value* indent = arguments.find(0, "indent");
    const std::int64_t width = indent && indent->integer() ? *indent->integer() : -1;
    if (width > 16) throw Failure("tojson: an indent over 16");
    return to_json(input, static_cast<int>(width), evaluator.budget());
}

Value filter_first(Evaluator& evaluator, const Value& input, const Arguments&) {
    const auto items = items_of(input, evaluator.budget());
    return items->empty() ? Value::undefined("the first of nothing") : items->front();
}

Value filter_last(Evaluator& evaluator, const Value& input, const Arguments&) {
    const auto items = items_of(input, evaluator.budget());
    return items->empty() ? Value::undefined("the last of nothing") : items->back();
}

Value filter_list(Evaluator& evaluator, const Value& input, const Arguments&) {
    return input.list() ? input : Value(*items_of(input, evaluator.budget()));
}

Value filter_string(Evaluator& evaluator, const Value& input, const Arguments&) {
    return to_text(input, evaluator.budget());
}
Value filter_safe(Evaluator&, const Value& input, const Arguments&) {
    return input;
}

/// Unlike the method, words end only where Jinja's own pattern [-\s({[<] says.
Value filter_title(Evaluator& evaluator, const Value& input, const Arguments&) {
    const Text text = to_text(input, evaluator.budget());
    evaluator.budget().charge(text.size() / 4);
    return with_capitals(text, [](char32_t c) {
        return is_python_space(c) || (c < 128 && std::string_view("-({[<").find(static_cast<char>(c)) < 5);
    });
}

/// Filters that are a method of strings: upper, lower, capitalize, replace, trim.
template <const char* const& kMethod>
Value filter_method(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    return call_method(evaluator, Value(to_text(input, evaluator.budget())), kMethod, arguments);
}
constexpr const char* kUpper = "upper";
constexpr const char* kLower = "lower";
constexpr const char* kCapitalize = "capitalize";
constexpr const char* kReplace = "replace";
constexpr const char* kStrip = "strip";

Value filter_items(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    if (input.is_undefined()) return List();
    return call_method(evaluator, input, "items", arguments);
}

Value filter_map(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const auto items = items_of(input, evaluator.budget());
    const Value* path = arguments.positional.empty() ? arguments.find(0, "attribute") : nullptr;
    const Value* fallback = arguments.find(99, "default");
    if (!path && arguments.positional.empty()) throw Failure("map needs a filter or attribute=…");
    const std::string named = to_text(path ? *path : arguments.positional[0], evaluator.budget()).bytes();
    List out;
    for (const Value& item : *items) {
        evaluator.budget().charge();
        if (path) {
            Value found = evaluator.attribute_path(item, named);
            out.push_back(found.is_undefined() && fallback ? *fallback : std::move(found));
        } else {
            out.push_back(apply_filter(evaluator, named, item, arguments.rest(1)));
        }
    }
    return out;
}

/// select, reject, selectattr, rejectattr: `by_attribute` takes the first argument, the test and its arguments follow.
Value filter_where(Evaluator& evaluator, const Value& input, const Arguments& arguments, bool by_attribute, bool keep) {
    const auto items = items_of(input, evaluator.budget());
    const std::size_t test_at = by_attribute ? 1 : 0;
    if (by_attribute && arguments.positional.empty()) throw Failure("selectattr and rejectattr need an attribute");
    const auto name_at = [&](std::size_t place) {
        return place < arguments.positional.size() ? to_text(arguments.positional[place], evaluator.budget()).bytes()
                                                   : std::string();
    };
    const std::string path = name_at(0);
    const std::string test = name_at(test_at);
    List out;
    for (const Value& item : *items) {
        evaluator.budget().charge();
        const Value subject = by_attribute ? evaluator.attribute_path(item, path) : item;
        const bool holds = arguments.positional.size() > test_at
                               ? apply_test(evaluator, test, subject, arguments.rest(test_at + 1))
                               : subject.truthy();
        if (holds == keep) out.push_back(item);
    }
    return out;
}
template <bool kByAttribute, bool kKeep>
Value filter_select(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    return filter_where(evaluator, input, arguments, kByAttribute, kKeep);
}

Value filter_int(Evaluator&, const Value& input, const Arguments& arguments) {
    const Value* given = arguments.find(0, "default");
    const Value fallback = given ? *given : Value(std::int64_t{0});
    if (input.integer()) return input;
    if (input.boolean()) return std::int64_t{*input.boolean()};
    double real = 0;
    if (const Text* text = input.text()) {
        const auto [first, last] = trimmed_range(text->bytes(), true, true);
        const char* begin = text->bytes().data() + first;
        const char* end = text->bytes().data() + last;
        if (begin < end && *begin == '+') ++begin;
        std::int64_t number = 0;
        const auto parsed = std::from_chars(begin, end, number);
        if (parsed.ec == std::errc() && parsed.ptr == end) return number;
        const auto parsed_real = std::from_chars(begin, end, real);
        if (parsed_real.ec != std::errc() || parsed_real.ptr != end) return fallback;
    } else if (input.real()) {
        real = *input.real();
    } else {
        return fallback;
    }
    if (!(std::fabs(real) < 9.2e18)) return fallback;
    return static_cast<std::int64_t>(real);
}

Value filter_float(Evaluator&, const Value& input, const Arguments& arguments) {
    const Value* given = arguments.find(0, "default");
    if (input.real()) return input;
    if (input.integer()) return static_cast<double>(*input.integer());
    if (input.boolean()) return *input.boolean() ? 1.0 : 0.0;
    double number = 0;
    if (const Text* text = input.text()) {
        const auto [first, last] = trimmed_range(text->bytes(), true, true);
        const char* end = text->bytes().data() + last;
        const auto parsed = std::from_chars(text->bytes().data() + first, end, number);
        if (parsed.ec == std::errc() && parsed.ptr == end) return number;
    }
    return given ? *given : Value(0.0);
}

Value filter_abs(Evaluator&, const Value& input, const Arguments&) {
    if (input.real()) return std::fabs(*input.real());
    if (input.integer() && *input.integer() != INT64_MIN)
        return *input.integer() < 0 ? -*input.integer() : *input.integer();
    throw Failure(std::string("abs needs a number, not ") + input.type_name());
}

Value filter_round(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const double number = *filter_float(evaluator, input, {}).real();
    const double scale =
        std::pow(10.0, static_cast<double>(std::clamp<std::int64_t>(arguments.integer(0, "precision", 0), -15, 15)));
    const Value* method = arguments.find(1, "method");
    const std::string how = method ? to_text(*method, evaluator.budget()).bytes() : "common";
    if (how == "ceil") return std::ceil(number * scale) / scale;
    if (how == "floor") return std::floor(number * scale) / scale;
    return std::nearbyint(number * scale) / scale;  // to even, as Python rounds
}

/// The items in order; `key` gives what they are ordered by.
template <typename Key>
List sorted(const List& items, bool reverse, Budget& budget, Key key) {
    budget.charge(1 + items.size() * 20);
    std::vector<std::pair<Value, Value>> keyed;
    for (const Value& item : items) keyed.emplace_back(key(item), item);
    for (std::size_t i = 1; i < keyed.size(); ++i)
        less(keyed[i - 1].first, keyed[i].first, budget);  // refuses before sorting
    std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
        return reverse ? less(b.first, a.first, budget) : less(a.first, b.first, budget);
    });
    List out;
    for (auto& [ignored, item] : keyed) out.push_back(std::move(item));
    return out;
}

Value filter_sort(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const Value* path = arguments.find(2, "attribute");
    const bool case_sensitive = arguments.flag(1, "case_sensitive", false);
    return sorted(*items_of(input, evaluator.budget()), arguments.flag(0, "reverse", false), evaluator.budget(),
                  [&](const Value& item) {
                      const bool by_path = path && !path->is_none();
                      return sort_key(
                          by_path ? evaluator.attribute_path(item, to_text(*path, evaluator.budget()).bytes()) : item,
                          case_sensitive, evaluator.budget());
                  });
}

Value filter_dictsort(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const Value pairs = call_method(evaluator, input, "items", {});
    const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
    const Value* by = arguments.find(1, "by");
    const std::size_t place = by && to_text(*by, evaluator.budget()).bytes() == "value" ? 1 : 0;
    return sorted(*pairs.list(), arguments.flag(2, "reverse", false), evaluator.budget(), [&](const Value& pair) {
        return sort_key((*pair.list())[place], case_sensitive, evaluator.budget());
    });
}

Value filter_unique(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
    const Value* path = arguments.find(1, "attribute");
    const auto items = items_of(input, evaluator.budget());
    List seen;
    List out;
    for (const Value& item : *items) {
        evaluator.budget().charge(1 + seen.size());
        const Value key =
            sort_key(path ? evaluator.attribute_path(item, to_text(*path, evaluator.budget()).bytes()) : item,
                     case_sensitive, evaluator.budget());
        if (std::any_of(seen.begin(), seen.end(),
                        [&](const Value& other) { return equal(other, key, evaluator.budget()); }))
            continue;
        seen.push_back(key);
        out.push_back(item);
    }
    return out;
}

Value filter_reverse(Evaluator& evaluator, const Value& input, const Arguments&) {
    List items = *items_of(input, evaluator.budget());
    evaluator.budget().charge(items.size());
    std::reverse(items.begin(), items.end());
    if (!input.text()) return items;
    Text out;
    for (const Value& item : items) out.append(*item.text());
    return out;
}

template <bool kLargest>
Value filter_extreme(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const auto items = items_of(input, evaluator.budget());
    if (items->empty()) return Value::undefined("the extreme of nothing");
    const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
    const Value* best = &items->front();
    for (const Value& item : *items) {
        const Value a = sort_key(kLargest ? *best : item, case_sensitive, evaluator.budget());
        const Value b = sort_key(kLargest ? item : *best, case_sensitive, evaluator.budget());
        if (less(a, b, evaluator.budget())) best = &item;
    }
    return *best;
}

Value filter_sum(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const Value* path = arguments.find(0, "attribute");
    double real = 0;
    std::int64_t total = 0;
    bool is_real = false;
    const auto items = items_of(input, evaluator.budget());
    for (const Value& item : *items) {
        evaluator.budget().charge();
        const Value number = path ? evaluator.attribute_path(item, to_text(*path, evaluator.budget()).bytes()) : item;
        if (!number.is_number()) throw Failure(std::string("sum needs numbers, not ") + number.type_name());
        is_real = is_real || number.real();
        real += number.real() ? *number.real() : static_cast<double>(*number.integer());
        if (number.integer() && __builtin_add_overflow(total, *number.integer(), &total))
            throw Failure("sum overflows");
    }
    return is_real ? Value(real) : Value(total);
}

Value filter_indent(Evaluator& evaluator, const Value& input, const Arguments& arguments) {
    const Value* width = arguments.find(0, "width");
    const std::int64_t spaces =
        width && width->text() ? 0 : std::clamp<std::int64_t>(arguments.integer(0, "width", 4), 0, 256);
    const Text prefix =
        width && width->text() ? *width->text() : Text(std::string(static_cast<std::size_t>(spaces), ' '), true);
    const bool first = arguments.flag(1, "first", false);
    const bool blank = arguments.flag(2, "blank", false);
    const Text text = to_text(input, evaluator.budget());
    Text out;
    std::size_t start = 0;
    for (bool is_first = true;; is_first = false) {
        const std::size_t end = std::min(text.bytes().find('\n', start), text.size());
        const bool prefixed = is_first ? first : (blank || end > start);
        if (prefixed) out.append(prefix);
        out.append(text.slice(start, end - start));
        evaluator.budget().charge_text(out.size() > Budget::kMaxText ? out.size() : prefix.size() + end - start);
        if (end == text.size()) return Value(std::move(out));
        out.append(text.slice(end, 1));
        start = end + 1;
    }
}

const std::unordered_map<std::string_view, Filter>& filters() {
    static const std::unordered_map<std::string_view, Filter> kFilters = {
        {"default", filter_default},
        {"d", filter_default},
        {"length", filter_length},
        {"count", filter_length},
        {"join", filter_join},
        {"tojson", filter_tojson},
        {"first", filter_first},
        {"last", filter_last},
        {"list", filter_list},
        {"string", filter_string},
        {"safe", filter_safe},
        {"items", filter_items},
        {"upper", filter_method<kUpper>},
        {"lower", filter_method<kLower>},
        {"title", filter_title},
        {"capitalize", filter_method<kCapitalize>},
        {"replace", filter_method<kReplace>},
        {"trim", filter_method<kStrip>},
        {"map", filter_map},
        {"select", filter_select<false, true>},
        {"reject", filter_select<false, false>},
        {"selectattr", filter_select<true, true>},
        {"rejectattr", filter_select<true, false>},
        {"int", filter_int},
        {"float", filter_float},
        {"abs", filter_abs},
        {"round", filter_round},
        {"sort", filter_sort},
        {"dictsort", filter_dictsort},
        {"unique", filter_unique},
        {"reverse", filter_reverse},
        {"max", filter_extreme<true>},
        {"min", filter_extreme<false>},
        {"sum", filter_sum},
        {"indent", filter_indent},
    };
    return kFilters;
}

}  // namespace

Value apply_filter(Evaluator& evaluator, const std::string& name, const Value& input, const Arguments& arguments) {
    const auto found = filters().find(name);
    if (found == filters().end())
        throw Failure("the filter \"" + name + "\" is not supported", ErrorCode::kUnsupported);
    const Evaluator::Depth depth(evaluator);
    evaluator.budget().charge(1 + arguments.positional.size() / 16);
    if (input.text()) evaluator.budget().charge_text(*input.text());
    return found->second(evaluator, input, arguments);
}

bool apply_test(Evaluator& evaluator, const std::string& name, const Value& input, const Arguments& arguments) {
    const auto argument = [&]() -> const Value& {
        if (arguments.positional.empty()) throw Failure("the test \"" + name + "\" needs an argument");
        return arguments.positional[0];
    };
    Budget& budget = evaluator.budget();
    if (input.text()) budget.charge_text(*input.text());
    const bool sized = input.text() || input.list() || input.dict();
    if (name == "defined") return !input.is_undefined();
    if (name == "undefined") return input.is_undefined();
    if (name == "none") return input.is_none();
    if (name == "string") return input.text() != nullptr;
    if (name == "mapping") return input.dict() != nullptr;
    if (name == "iterable") return sized || input.is_undefined();
    if (name == "sequence") return sized || input.is_undefined();
    if (name == "number") return input.is_number() || input.boolean();
    if (name == "integer") return input.integer() != nullptr;
    if (name == "float") return input.real() != nullptr;
    if (name == "boolean") return input.boolean() != nullptr;
    if (name == "true") return input.boolean() && *input.boolean();
    if (name == "false") return input.boolean() && !*input.boolean();
    if (name == "callable") return input.callable() != nullptr;
    if (name == "equalto" || name == "eq" || name == "==" || name == "sameas") return equal(input, argument(), budget);
    if (name == "ne" || name == "!=") return !equal(input, argument(), budget);
    if (name == "lt" || name == "lessthan" || name == "<") return less(input, argument(), budget);
    if (name == "gt" || name == "greaterthan" || name == ">") return less(argument(), input, budget);
    if (name == "le" || name == "<=") return !less(argument(), input, budget);
    if (name == "ge" || name == ">=") return !less(input, argument(), budget);
    if (name == "in") return contains(argument(), input, budget);
    if (name == "odd" && input.integer()) return *input.integer() % 2 != 0;
    if (name == "even" && input.integer()) return *input.integer() % 2 == 0;
    if (name == "divisibleby" && input.integer() && argument().integer() && *argument().integer() != 0) {
        return *argument().integer() == -1 || *input.integer() % *argument().integer() == 0;
    }
    if (name == "lower" && input.text())
        return with_case(*input.text(), LetterCase::kLower).bytes() == input.text()->bytes();
    if (name == "upper" && input.text())
        return with_case(*input.text(), LetterCase::kUpper).bytes() == input.text()->bytes();
    throw Failure("the test \"" + name + "\" does not fit a value of type " + input.type_name(),
                  ErrorCode::kUnsupported);
}

}  // namespace hearth::llm::jinja
