#include "llm/jinja_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hearth::llm::jinja {
namespace {

int nesting_of(int deepest) {
    if (deepest >= Value::kMaxNesting)
        throw Failure("values nest deeper than 64 levels", ErrorCode::kResourceExhausted);
    return deepest + 1;
}

double as_double(const Value& value) {
    if (value.integer()) return static_cast<double>(*value.integer());
    if (value.real()) return *value.real();
    return *value.boolean() ? 1.0 : 0.0;
}

bool numeric(const Value& value) {
    return value.is_number() || value.boolean();
}

bool equal_lists(const List& a, const List& b, Budget& budget) {
    if (&a == &b) return true;
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Value& x, const Value& y) { return equal(x, y, budget); });
}

bool equal_dicts(const Dict& a, const Dict& b, Budget& budget) {
    if (&a == &b) return true;
    if (a.entries.size() != b.entries.size()) return false;
    return std::all_of(a.entries.begin(), a.entries.end(), [&](const auto& entry) {
        budget.charge(b.entries.size() / 16);
        const Value* other = b.find(entry.first.bytes());
        return other && equal(entry.second, *other, budget);
    });
}

/// The first elements that differ decide.
bool less_lists(const List& a, const List& b, Budget& budget) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (!equal(a[i], b[i], budget)) return less(a[i], b[i], budget);
    }
    return a.size() < b.size();
}

/// Quoted as Python quotes: single quotes unless only those occur inside.
std::string quoted(std::string_view text) {
    const bool use_double = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
    const char quote = use_double ? '"' : '\'';
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 32 || c == 127) {
            constexpr char kHex[] = "0123456789abcdef";
            out += "\\x";
            out += kHex[static_cast<unsigned char>(c) >> 4];
            out += kHex[c & 15];
        } else {
            out += c;
        }
    }
    return out += quote;
}

/// Text being put together out of parts of mixed provenance that must stay one token stream.
struct Writer {
    std::string out;
    bool trusted = true;
};

void write_json_text(const Text& text, Writer& writer) {
    constexpr char kHex[] = "0123456789abcdef";
    writer.trusted = writer.trusted && text.trusted();
    writer.out += '"';
    for (const char c : text.bytes()) {
        switch (c) {
            case '"':
                writer.out += "\\\"";
                break;
            case '\\':
                writer.out += "\\\\";
                break;
            case '\n':
                writer.out += "\\n";
                break;
            case '\r':
                writer.out += "\\r";
                break;
            case '\t':
                writer.out += "\\t";
                break;
            case '\b':
                writer.out += "\\b";
                break;
            case '\f':
                writer.out += "\\f";
                break;
            default:
                if (static_cast<unsigned char>(c) < 32) {
                    writer.out += "\\u00";
                    writer.out += kHex[c >> 4];
                    writer.out += kHex[c & 15];
                } else {
                    writer.out += c;
                }
        }
    }
    writer.out += '"';
}

void write_json(const Value& value, int indent, int level, Writer& writer);

/// The separator and line break before an element, or before the closing bracket.
void write_break(bool first, bool closing, int indent, int level, Writer& writer) {
    if (!first && !closing) writer.out += indent >= 0 ? "," : ", ";
    if (indent >= 0) writer.out.append(1, '\n').append(static_cast<std::size_t>(indent) * level, ' ');
}

void write_json_dict(const Dict& dict, int indent, int level, Writer& writer) {
    writer.out += '{';
    bool first = true;
    for (const auto& [key, member] : dict.entries) {
        write_break(first, false, indent, level + 1, writer);
        write_json_text(key, writer);
        writer.out += ": ";
        write_json(member, indent, level + 1, writer);
        first = false;
    }
    if (!first) write_break(false, true, indent, level, writer);
    writer.out += '}';
}

void write_json(const Value& value, int indent, int level, Writer& writer) {
    if (writer.out.size() > Budget::kMaxText) throw Failure("tojson writes over 4 MiB", ErrorCode::kResourceExhausted);
    if (value.is_none()) {
        writer.out += "null";
    } else if (value.boolean()) {
        writer.out += *value.boolean() ? "true" : "false";
    } else if (value.integer()) {
        writer.out += std::to_string(*value.integer());
    } else if (value.real()) {
        writer.out += python_float(*value.real());
    } else if (value.text()) {
        write_json_text(*value.text(), writer);
    } else if (value.list()) {
        writer.out += '[';
        bool first = true;
        for (const Value& item : *value.list()) {
            write_break(first, false, indent, level + 1, writer);
            write_json(item, indent, level + 1, writer);
            first = false;
        }
        if (!first) write_break(false, true, indent, level, writer);
        writer.out += ']';
    } else if (value.dict()) {
        write_json_dict(*value.dict(), indent, level, writer);
    } else {
        throw Failure(std::string("tojson: a value of type ") + value.type_name() + " is not JSON");
    }
}

/// str() of everything but strings, lists and dicts.
std::string scalar_text(const Value& value) {
    if (value.is_undefined()) return {};
    if (value.is_none()) return "None";
    if (value.boolean()) return *value.boolean() ? "True" : "False";
    if (value.integer()) return std::to_string(*value.integer());
    if (value.real()) return python_float(*value.real());
    return std::string("<") + value.type_name() + ">";
}

void write_repr(const Value& value, Writer& writer) {
    if (writer.out.size() > Budget::kMaxText)
        throw Failure("a printed value exceeds 4 MiB", ErrorCode::kResourceExhausted);
    if (const Text* text = value.text()) {
        writer.trusted = writer.trusted && text->trusted();
        writer.out += quoted(text->bytes());
    } else if (const List* list = value.list()) {
        writer.out += '[';
        for (std::size_t i = 0; i < list->size(); ++i) {
            if (i > 0) writer.out += ", ";
            write_repr((*list)[i], writer);
        }
        writer.out += ']';
    } else if (const Dict* dict = value.dict()) {
        writer.out += '{';
        for (std::size_t i = 0; i < dict->entries.size(); ++i) {
            if (i > 0) writer.out += ", ";
            write_repr(dict->entries[i].first, writer);
            writer.out += ": ";
            write_repr(dict->entries[i].second, writer);
        }
        writer.out += '}';
    } else if (value.is_undefined()) {
        writer.out += "Undefined";
    } else {
        writer.out += scalar_text(value);
    }
}

}  // namespace

Value::Value(List list) {
    int deepest = 0;
    for (const Value& item : list) deepest = std::max(deepest, item.nesting());
    nesting_ = nesting_of(deepest);
    data_ = std::make_shared<const List>(std::move(list));
}

Value::Value(Dict dict) {
    int deepest = 0;
    for (const auto& entry : dict.entries) deepest = std::max(deepest, entry.second.nesting());
    nesting_ = nesting_of(deepest);
    data_ = std::make_shared<const Dict>(std::move(dict));
}

Value::Value(std::shared_ptr<const Callable> callable)
    : data_(callable), nesting_(nesting_of(callable->self.nesting())) {}

Value::Value(std::shared_ptr<const Loop> loop) : data_(loop), nesting_(nesting_of(loop->nesting)) {}

bool Value::truthy() const {
    if (is_undefined() || is_none()) return false;
    if (boolean()) return *boolean();
    if (integer()) return *integer() != 0;
    if (real()) return *real() != 0;
    if (text()) return !text()->empty();
    if (list()) return !list()->empty();
    if (dict()) return !dict()->entries.empty();
    return true;
}

const char* Value::type_name() const {
    constexpr const char* kNames[] = {"undefined", "None", "bool",      "int",      "float", "str",
                                      "list",      "dict", "namespace", "callable", "loop"};
    return kNames[data_.index()];
}

const Value* Dict::find(std::string_view key) const {
    for (const auto& entry : entries) {
        if (entry.first.bytes() == key) return &entry.second;
    }
    return nullptr;
}

void Dict::set(Text key, Value value) {
    for (auto& entry : entries) {
        if (entry.first.bytes() == key.bytes()) {
            entry.second = std::move(value);
            return;
        }
    }
    entries.emplace_back(std::move(key), std::move(value));
}

bool equal(const Value& a, const Value& b, Budget& budget) {
    budget.charge();
    if (a.integer() && b.integer()) return *a.integer() == *b.integer();
    if (numeric(a) && numeric(b)) return as_double(a) == as_double(b);
    if (a.text() && b.text()) {
        budget.charge(std::min(a.text()->size(), b.text()->size()) / 64);
        return a.text()->bytes() == b.text()->bytes();
    }
    if (a.list() && b.list()) return equal_lists(*a.list(), *b.list(), budget);
    if (a.dict() && b.dict()) return equal_dicts(*a.dict(), *b.dict(), budget);
    if (a.name_space() || b.name_space()) return a.name_space() == b.name_space();
    return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

bool less(const Value& a, const Value& b, Budget& budget) {
    budget.charge();
    if (a.integer() && b.integer()) return *a.integer() < *b.integer();
    if (numeric(a) && numeric(b)) return as_double(a) < as_double(b);
    if (a.text() && b.text()) {
        budget.charge(std::min(a.text()->size(), b.text()->size()) / 64);
        return a.text()->bytes() < b.text()->bytes();
    }
    if (a.list() && b.list()) return less_lists(*a.list(), *b.list(), budget);
    throw Failure(std::string("cannot order ") + a.type_name() + " and " + b.type_name());
}

std::string python_float(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
    char buffer[40];
    const double magnitude = std::fabs(number);
    const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
    const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, format);
    std::string text(buffer, end.ptr);
    if (!scientific && text.find('.') == std::string::npos) text += ".0";
    return text;
}

Text to_text(const Value& value, Budget& budget) {
    if (const Text* text = value.text()) {
        budget.charge_text(*text);
        return *text;
    }
    if (value.list() || value.dict()) return to_repr(value, budget);
    return Text(scalar_text(value), true);
}

Text to_repr(const Value& value, Budget& budget) {
    Writer writer;
    write_repr(value, writer);
    budget.charge_text(writer.out.size());
    return Text(std::move(writer.out), writer.trusted);
}

Text to_json(const Value& value, int indent, Budget& budget) {
    Writer writer;
    write_json(value, indent, 0, writer);
    budget.charge_text(writer.out.size());
    return Text(std::move(writer.out), writer.trusted);
}

}  // namespace hearth::llm::jinja
