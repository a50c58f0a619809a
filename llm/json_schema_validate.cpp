#include <cmath>
#include <string>

#include "core/json.h"
#include "llm/grammar.h"
#include "llm/json_schema.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

// Alternatives inside recursive alternatives multiply; honest documents stay far below both.
constexpr int kMaxSteps = 1'000'000;
constexpr int kMaxReferences = 200;  // inside one another; each is several stack frames

bool has_type(const json& value, std::string_view type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "number") return value.is_number();
    if (value.is_number_integer()) return true;
    if (!value.is_number_float()) return false;
    const double number = value.get<double>();  // 1.0 is an integer to JSON Schema
    return std::trunc(number) == number;
}

std::size_t code_points(const std::string& text) {
    std::size_t count = 0;
    for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    return count;
}

std::string pointer_token(const std::string& name) {
    std::string out = "/";
    for (const char c : name) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

Error mismatch(const std::string& where, const std::string& what) {
    return Error(ErrorCode::kInvalidArgument, (where.empty() ? "at the root" : "at " + where) + ": " + what);
}

// 64-bit integers fit the 64-bit mantissa, so that bounds near 2^63 are exact.
template <typename Json>
long double as_number(const Json& value) {
    if (value.is_number_unsigned()) return static_cast<long double>(value.template get<std::uint64_t>());
    if (value.is_number_integer()) return static_cast<long double>(value.template get<std::int64_t>());
    return static_cast<long double>(value.template get<double>());
}

class Validator {
  public:
    explicit Validator(const SchemaDocument& document) : document_(document) {}

    Status check(const SchemaJson& schema, const json& value, const std::string& where) {
        HEARTH_TRY_STATUS(step());
        if (schema.is_boolean()) {
            if (schema.get<bool>()) return {};
            return mismatch(where, "no value is allowed here");
        }
        HEARTH_TRY_STATUS(check_reference(schema, value, where));
        HEARTH_TRY_STATUS(check_alternatives(schema, value, where));
        HEARTH_TRY_STATUS(check_type(schema, value, where));
        HEARTH_TRY_STATUS(check_values(schema, value, where));
        if (value.is_object()) return check_object(schema, value, where);
        if (value.is_array()) return check_array(schema, value, where);
        if (value.is_string()) return check_string(schema, value, where);
        if (value.is_number()) return check_number(schema, value, where);
        return {};
    }

  private:
    Status step() {
        if (++steps_ <= kMaxSteps) return {};
        return Error(ErrorCode::kResourceExhausted,
                     "validation takes more than " + std::to_string(kMaxSteps) +
                         " steps: simplify the schema's recursive alternatives and long lists of values");
    }

    static const SchemaJson* find(const SchemaJson& schema, std::string_view keyword) {
        const auto found = schema.find(std::string(keyword));
        return found == schema.end() ? nullptr : &*found;
    }

    Status check_reference(const SchemaJson& schema, const json& value, const std::string& where) {
        const SchemaJson* reference = find(schema, "$ref");
        if (reference == nullptr) return {};
        const SchemaJson* target = document_.resolve(reference->get_ref<const std::string&>());
        HEARTH_CHECK(target != nullptr);
        if (references_ >= kMaxReferences) {
            return Error(ErrorCode::kResourceExhausted, "validation follows more than " +
                                                            std::to_string(kMaxReferences) +
                                                            " references inside one another at '" + where +
                                                            "': a $ref that leads back to itself, or too deep a value");
        }
        ++references_;
        Status status = check(*target, value, where);
        --references_;
        return status;
    }

    Status check_alternatives(const SchemaJson& schema, const json& value, const std::string& where) {
        if (const SchemaJson* all = find(schema, "allOf"); all != nullptr)
            for (const SchemaJson& branch : *all) HEARTH_TRY_STATUS(check(branch, value, where));
        for (const char* keyword : {"anyOf", "oneOf"}) {
            const SchemaJson* branches = find(schema, keyword);
            if (branches == nullptr) continue;
            std::size_t matches = 0;
            std::string first;
            for (const SchemaJson& branch : *branches) {
                const Status status = check(branch, value, where);
                if (status.ok())
                    ++matches;
                else if (status.error().code != ErrorCode::kInvalidArgument)
                    return status;
                else if (first.empty())
                    first = status.error().message;
            }
            const std::string of = " of the " + std::to_string(branches->size()) + " alternatives of " + keyword;
            if (matches == 0) return mismatch(where, "matches none" + of + " (the first: " + first + ")");
            if (matches > 1 && keyword == std::string_view("oneOf"))
                return mismatch(where, "matches " + std::to_string(matches) + of);
        }
        return {};
    }

    static Status check_type(const SchemaJson& schema, const json& value, const std::string& where) {
        if (find(schema, "type") == nullptr) return {};
        std::string wanted;
        for (const std::string& type : schema_types(schema)) {
            if (has_type(value, type)) return {};
            wanted += (wanted.empty() ? "" : " or ") + type;
        }
        return mismatch(where, "expected " + wanted + ", found " + value.type_name());
    }

    Status check_values(const SchemaJson& schema, const json& value, const std::string& where) {
        if (const SchemaJson* only = find(schema, "const"); only != nullptr && json(*only) != value)
            return mismatch(where, "expected " + only->dump(-1, ' ', false, SchemaJson::error_handler_t::replace));
        const SchemaJson* values = find(schema, "enum");
        if (values == nullptr) return {};
        for (const SchemaJson& allowed : *values) {
            HEARTH_TRY_STATUS(step());
            const bool may_equal = allowed.type() == value.type() || (allowed.is_number() && value.is_number());
            if (may_equal && json(allowed) == value) return {};
        }
        return mismatch(where, "is none of " + values->dump(-1, ' ', false, SchemaJson::error_handler_t::replace));
    }

    Status check_object(const SchemaJson& schema, const json& value, const std::string& where) {
        if (const SchemaJson* required = find(schema, "required"); required != nullptr) {
            for (const SchemaJson& name : *required) {
                const auto& text = name.get_ref<const std::string&>();
                if (!value.contains(text)) return mismatch(where, "the property '" + text + "' is missing");
            }
        }
        const SchemaJson* properties = find(schema, "properties");
        const SchemaJson* additional = find(schema, "additionalProperties");
        for (const auto& [name, member] : value.items()) {
            const std::string at = where + pointer_token(name);
            const SchemaJson* property = properties == nullptr ? nullptr : find(*properties, name);
            if (property != nullptr) {
                HEARTH_TRY_STATUS(check(*property, member, at));
            } else if (additional != nullptr && *additional == false) {
                return mismatch(at, "the property is not declared");
            } else if (additional != nullptr) {
                HEARTH_TRY_STATUS(check(*additional, member, at));
            }
        }
        return {};
    }

    Status check_array(const SchemaJson& schema, const json& value, const std::string& where) {
        HEARTH_TRY_STATUS(check_count(schema, "minItems", "maxItems", value.size(), "items", where));
        const SchemaJson* items = find(schema, "items");
        if (items == nullptr) return {};
        for (std::size_t i = 0; i < value.size(); ++i)
            HEARTH_TRY_STATUS(check(*items, value[i], where + "/" + std::to_string(i)));
        return {};
    }

    static Status check_string(const SchemaJson& schema, const json& value, const std::string& where) {
        const std::size_t length = code_points(value.get_ref<const std::string&>());
        return check_count(schema, "minLength", "maxLength", length, "characters", where);
    }

    static Status check_count(const SchemaJson& schema, const char* least, const char* most, std::size_t count,
                              const char* unit, const std::string& where) {
        const std::string found = std::to_string(count) + " " + unit + ", where ";
        const SchemaJson* low = find(schema, least);
        if (low != nullptr && count < low->get<std::uint64_t>())
            return mismatch(where, found + std::to_string(low->get<std::uint64_t>()) + " is the least");
        const SchemaJson* high = find(schema, most);
        if (high != nullptr && count > high->get<std::uint64_t>())
            return mismatch(where, found + std::to_string(high->get<std::uint64_t>()) + " is the most");
        return {};
    }

    static Status check_number(const SchemaJson& schema, const json& value, const std::string& where) {
        const long double number = as_number(value);
        const auto refuse = [&](const char* keyword) {
            return mismatch(where, value.dump() + " is outside " + keyword + " " + find(schema, keyword)->dump());
        };
        const SchemaJson* bound = find(schema, "minimum");
        if (bound != nullptr && number < as_number(*bound)) return refuse("minimum");
        bound = find(schema, "maximum");
        if (bound != nullptr && number > as_number(*bound)) return refuse("maximum");
        bound = find(schema, "exclusiveMinimum");
        if (bound != nullptr && number <= as_number(*bound)) return refuse("exclusiveMinimum");
        bound = find(schema, "exclusiveMaximum");
        if (bound != nullptr && number >= as_number(*bound)) return refuse("exclusiveMaximum");
        return {};
    }

    const SchemaDocument& document_;
    int steps_ = 0;
    int references_ = 0;
};

}  // namespace

Status check_value(const SchemaDocument& document, const SchemaJson& schema, const json& value) {
    return Validator(document).check(schema, value, "");
}

Status validate_json(std::string_view text, std::string_view schema) {
    HEARTH_TRY(const SchemaDocument document, SchemaDocument::parse(schema));
    HEARTH_TRY(const json value, parse_json(text));
    return check_value(document, document.root(), value);
}

}  // namespace hearth::llm
