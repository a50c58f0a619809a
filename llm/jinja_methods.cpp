#include <algorithm>
#include <array>
#include <ctime>

#include <unicode/uchar.h>

#include "core/utf8.h"
#include "llm/jinja_eval.h"

namespace hearth::llm::jinja {
namespace {

const Text& text_argument(const Arguments& arguments, std::size_t position, std::string_view name) {
    const Value* value = arguments.find(position, name);
    if (!value || !value->text()) throw Failure("expected a string argument \"" + std::string(name) + "\"");
    return *value->text();
}

/// strip with a set of characters. Bytes do for ASCII sets; other sets are compared as code points.
Text strip_characters(const Text& text, std::string_view set, bool left, bool right, Budget& budget) {
    budget.charge_search(text.size(), set.size());
    const std::vector<std::size_t> offsets = code_point_offsets(text.bytes());
    std::size_t first = 0;
    std::size_t last = offsets.size() - 1;
    const auto in_set = [&](std::size_t i) {
        return set.find(std::string_view(text.bytes()).substr(offsets[i], offsets[i + 1] - offsets[i])) !=
               std::string_view::npos;
    };
    while (left && first < last && in_set(first)) ++first;
    while (right && last > first && in_set(last - 1)) --last;
    return text.slice(offsets[first], offsets[last] - offsets[first]);
}

Value strip(Evaluator& evaluator, const Text& text, const Arguments& arguments, bool left, bool right) {
    const Value* set = arguments.find(0, "chars");
    if (set && set->text()) return strip_characters(text, set->text()->bytes(), left, right, evaluator.budget());
    const auto [first, last] = trimmed_range(text.bytes(), left, right);
    return text.slice(first, last - first);
}

List split_on_space(const Text& text, std::int64_t limit) {
    List parts;
    std::size_t at = trimmed_range(text.bytes(), true, false).first;
    while (at < text.size()) {
        std::size_t end = at;
        while (end < text.size()) {
            const std::string_view rest = std::string_view(text.bytes()).substr(end);
            const std::size_t length = decode_utf8(rest, 0).length;
            if (trimmed_range(rest.substr(0, length), true, false).first > 0) break;
            end += length;
        }
        if (limit >= 0 && static_cast<std::int64_t>(parts.size()) == limit) end = text.size();
        parts.emplace_back(text.slice(at, end - at));
        at = end + trimmed_range(std::string_view(text.bytes()).substr(end), true, false).first;
    }
    return parts;
}

Value split(Evaluator& evaluator, const Text& text, const Arguments& arguments, bool from_right) {
    const Value* separator = arguments.find(0, "sep");
    const std::int64_t limit = arguments.integer(1, "maxsplit", -1);
    evaluator.budget().charge(1 + text.size() / 8);
    if (!separator || separator->is_none()) return split_on_space(text, limit);
    const std::string& mark = text_argument(arguments, 0, "sep").bytes();
    if (mark.empty()) throw Failure("split: the separator is empty");
    evaluator.budget().charge_search(text.size(), mark.size());
    std::vector<std::size_t> marks;
    for (std::size_t at = text.bytes().find(mark); at != std::string::npos;
         at = text.bytes().find(mark, at + mark.size())) {
        marks.push_back(at);
    }
    if (limit >= 0 && static_cast<std::int64_t>(marks.size()) > limit) {
        const auto dropped = static_cast<std::ptrdiff_t>(marks.size()) - limit;
        if (from_right) {
            marks.erase(marks.begin(), marks.begin() + dropped);
        } else {
            marks.erase(marks.end() - dropped, marks.end());
        }
    }
    evaluator.budget().charge(marks.size());
    List parts;
    std::size_t start = 0;
    for (const std::size_t at : marks) {
        parts.emplace_back(text.slice(start, at - start));
        start = at + mark.size();
    }
    parts.emplace_back(text.slice(start, text.size() - start));
    return parts;
}

Value replace(Evaluator& evaluator, const Text& text, const Arguments& arguments) {
    const std::string& old = text_argument(arguments, 0, "old").bytes();
    const Text& fresh = text_argument(arguments, 1, "new");
    std::int64_t left = arguments.integer(2, "count", -1);
    evaluator.budget().charge_search(text.size(), old.size());
    Text out;
    std::size_t start = 0;
    if (old.empty()) {  // between all characters, as Python does
        const std::vector<std::size_t> offsets = code_point_offsets(text.bytes());
        for (std::size_t i = 0; i < offsets.size(); ++i, --left) {
            if (left != 0) out.append(fresh);
            if (i + 1 < offsets.size()) out.append(text.slice(offsets[i], offsets[i + 1] - offsets[i]));
            evaluator.budget().charge();
            if (out.size() > Budget::kMaxText) break;
        }
        evaluator.budget().charge_text(out.size());
        return out;
    }
    for (; left != 0; --left) {
        const std::size_t at = text.bytes().find(old, start);
        if (at == std::string::npos) break;
        out.append(text.slice(start, at - start));
        out.append(fresh);
        start = at + old.size();
        evaluator.budget().charge();
        if (out.size() > Budget::kMaxText) break;
    }
    out.append(text.slice(start, text.size() - start));
    evaluator.budget().charge_text(out.size());
    return out;
}

bool matches_end(Evaluator& evaluator, const Text& text, const Arguments& arguments, bool at_start) {
    const auto matches = [&](const Value& value) {
        if (!value.text()) throw Failure("startswith and endswith need strings");
        const std::string& part = value.text()->bytes();
        evaluator.budget().charge(1 + part.size() / 64);
        return at_start ? text.bytes().starts_with(part) : text.bytes().ends_with(part);
    };
    const Value* value = arguments.find(0, "prefix");
    if (!value) throw Failure("startswith and endswith need an argument");
    if (value->list()) return std::any_of(value->list()->begin(), value->list()->end(), matches);
    return matches(*value);
}

/// Place of a byte offset counted in characters.
std::int64_t character_place(const Text& text, std::size_t at) {
    if (at == std::string::npos) return -1;
    return static_cast<std::int64_t>(code_point_offsets(std::string_view(text.bytes()).substr(0, at)).size()) - 1;
}

template <typename Predicate>
bool all_characters(const Text& text, Predicate predicate) {
    for (std::size_t at = 0; at < text.size();) {
        const DecodedCodePoint decoded = decode_utf8(text.bytes(), at);
        if (!predicate(static_cast<UChar32>(decoded.value))) return false;
        at += decoded.length;
    }
    return !text.empty();
}

List split_lines(const Text& text, Budget& budget) {
    List lines;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.bytes().find_first_of("\r\n", start), text.size());
        budget.charge();
        lines.emplace_back(text.slice(start, end - start));
        start = end + (text.bytes().compare(end, 2, "\r\n") == 0 ? 2 : 1);
    }
    return lines;
}

constexpr std::array<std::string_view, 23> kTextMethods = {
    "strip",   "lstrip",  "rstrip",  "split",   "rsplit",       "splitlines",   "startswith", "endswith",
    "replace", "upper",   "lower",   "title",   "capitalize",   "find",         "rfind",      "count",
    "join",    "isdigit", "isalpha", "isspace", "removeprefix", "removesuffix", "index"};
constexpr std::array<std::string_view, 4> kDictMethods = {"items", "keys", "values", "get"};

Value call_text_method(Evaluator& evaluator, const Text& text, const std::string& name, const Arguments& arguments) {
    if (name == "strip") return strip(evaluator, text, arguments, true, true);
    if (name == "lstrip") return strip(evaluator, text, arguments, true, false);
    if (name == "rstrip") return strip(evaluator, text, arguments, false, true);
    if (name == "split" || name == "rsplit") return split(evaluator, text, arguments, name == "rsplit");
    if (name == "splitlines") return split_lines(text, evaluator.budget());
    if (name == "startswith") return matches_end(evaluator, text, arguments, true);
    if (name == "endswith") return matches_end(evaluator, text, arguments, false);
    if (name == "replace") return replace(evaluator, text, arguments);
    if (name == "upper") return with_case(text, LetterCase::kUpper);
    if (name == "lower") return with_case(text, LetterCase::kLower);
    if (name == "title" || name == "capitalize") {
        evaluator.budget().charge(text.size() / 4);
        return with_capitals(text, [&](char32_t c) { return name == "title" && !u_isalpha(static_cast<UChar32>(c)); });
    }
    if (name == "isdigit") return all_characters(text, [](UChar32 c) { return u_isdigit(c); });
    if (name == "isalpha") return all_characters(text, [](UChar32 c) { return u_isalpha(c); });
    if (name == "isspace") return all_characters(text, [](UChar32 c) { return u_isUWhiteSpace(c); });
    if (name == "join") {
        const Value separator(text);
        return apply_filter(evaluator, "join", arguments.positional.empty() ? Value(List()) : arguments.positional[0],
                            {{&separator, 1}, {}});
    }
    const std::string& part = text_argument(arguments, 0, "sub").bytes();
    evaluator.budget().charge_search(text.size(), part.size());
    if (name == "find") return character_place(text, text.bytes().find(part));
    if (name == "rfind") return character_place(text, text.bytes().rfind(part));
    if (name == "index") {
        const std::int64_t place = character_place(text, text.bytes().find(part));
        if (place < 0) throw Failure("index: the substring is not there");
        return place;
    }
    if (name == "removeprefix") {
        return text.bytes().starts_with(part) ? text.slice(part.size(), text.size() - part.size()) : text;
    }
    if (name == "removesuffix") return text.bytes().ends_with(part) ? text.slice(0, text.size() - part.size()) : text;
    std::int64_t count = 0;  // "count"
    for (std::size_t at = text.bytes().find(part); at != std::string::npos && !part.empty();
         at = text.bytes().find(part, at + part.size())) {
        ++count;
    }
    return count;
}

Value call_dict_method(Evaluator& evaluator, const Dict& dict, const std::string& name, const Arguments& arguments) {
    evaluator.budget().charge(1 + 2 * dict.entries.size());
    if (name == "get") {
        const Value* found = dict.find(text_argument(arguments, 0, "key").bytes());
        const Value* fallback = arguments.find(1, "default");
        return found ? *found : fallback ? *fallback : Value();
    }
    List out;
    for (const auto& [key, value] : dict.entries) {
        if (name == "keys") out.emplace_back(key);
        if (name == "values") out.push_back(value);
        if (name == "items") out.emplace_back(List{Value(key), value});
    }
    return out;
}

Value time_now(const Arguments& arguments) {
    const std::string& format = text_argument(arguments, 0, "format").bytes();
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    char buffer[256];
    if (!localtime_r(&now, &local)) throw Failure("strftime_now: no local time");
    return Value::trusted(std::string(buffer, std::strftime(buffer, sizeof buffer, format.c_str(), &local)));
}

Value number_range(Evaluator& evaluator, const Arguments& arguments) {
    const bool has_stop = arguments.positional.size() > 1;
    const std::int64_t start = has_stop ? arguments.integer(0, "start", 0) : 0;
    const std::int64_t stop = arguments.integer(has_stop ? 1 : 0, "stop", 0);
    const std::int64_t step = arguments.integer(2, "step", 1);
    if (step == 0) throw Failure("range: the step is 0");
    List out;
    for (std::int64_t at = start; step > 0 ? at < stop : at > stop;) {
        evaluator.budget().charge();
        if (out.size() >= 100'000) throw Failure("range: over 100,000 items", ErrorCode::kResourceExhausted);
        out.emplace_back(at);
        if (__builtin_add_overflow(at, step, &at)) break;
    }
    return out;
}

/// dict(a=1) and namespace(a=1), which also take a dict to start from.
Dict members_of(const Arguments& arguments, Budget& budget) {
    Dict members;
    if (!arguments.positional.empty() && arguments.positional[0].dict()) members = *arguments.positional[0].dict();
    budget.charge(1 + members.entries.size());
    for (const auto& [name, value] : arguments.named) {
        budget.charge(members.entries.size() / 16);
        members.set(Text(name, true), value);
    }
    return members;
}

}  // namespace

bool has_method(const Value& self, std::string_view name) {
    if (self.text()) return std::find(kTextMethods.begin(), kTextMethods.end(), name) != kTextMethods.end();
    if (self.dict()) return std::find(kDictMethods.begin(), kDictMethods.end(), name) != kDictMethods.end();
    return false;
}

Value call_method(Evaluator& evaluator, const Value& self, const std::string& name, const Arguments& arguments) {
    if (!has_method(self, name)) throw Failure(std::string(self.type_name()) + " has no method " + name);
    if (self.dict()) return call_dict_method(evaluator, *self.dict(), name, arguments);
    evaluator.budget().charge_text(*self.text());
    return call_text_method(evaluator, *self.text(), name, arguments);
}

bool is_function(std::string_view name) {
    return name == "raise_exception" || name == "strftime_now" || name == "namespace" || name == "range" ||
           name == "dict";
}

Value call_function(Evaluator& evaluator, const std::string& name, const Arguments& arguments) {
    if (name == "raise_exception") {
        throw Failure(arguments.positional.empty() ? "the template refused the messages"
                                                   : to_text(arguments.positional[0], evaluator.budget()).bytes());
    }
    if (name == "strftime_now") return time_now(arguments);
    if (name == "range") return number_range(evaluator, arguments);
    if (name == "dict") return members_of(arguments, evaluator.budget());
    std::shared_ptr<Namespace> made = evaluator.make_namespace();
    made->members = members_of(arguments, evaluator.budget());
    return made;
}

}  // namespace hearth::llm::jinja
