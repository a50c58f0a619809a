#include "llm/json_schema.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_set>

#include "core/json.h"

namespace hearth::llm {
namespace {

constexpr std::size_t kMaxBytes = 64u << 10;
constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxSchemas = 500;
constexpr std::size_t kMaxNameBytes = 256;
// A sub-schema takes two levels of JSON ("properties", the name); values of enum and const may nest below the last.
constexpr int kMaxJsonDepth = 2 * kMaxDepth + 20;

enum class Shape { kSchema, kSchemaMap, kSchemaList, kCount, kNumber, kNames, kType, kValues, kAny, kReference };

struct Keyword {
    std::string_view name;
    Shape shape;
    std::string_view type;  ///< the type of value it speaks about, if it speaks about one
};

constexpr std::array kKeywords = {
    Keyword{"type", Shape::kType, ""},
    Keyword{"properties", Shape::kSchemaMap, "object"},
    Keyword{"required", Shape::kNames, "object"},
    Keyword{"additionalProperties", Shape::kSchema, "object"},
    Keyword{"items", Shape::kSchema, "array"},
    Keyword{"minItems", Shape::kCount, "array"},
    Keyword{"maxItems", Shape::kCount, "array"},
    Keyword{"minLength", Shape::kCount, "string"},
    Keyword{"maxLength", Shape::kCount, "string"},
    Keyword{"minimum", Shape::kNumber, "number"},
    Keyword{"maximum", Shape::kNumber, "number"},
    Keyword{"exclusiveMinimum", Shape::kNumber, "number"},
    Keyword{"exclusiveMaximum", Shape::kNumber, "number"},
    Keyword{"enum", Shape::kValues, ""},
    Keyword{"const", Shape::kAny, ""},
    Keyword{"anyOf", Shape::kSchemaList, ""},
    Keyword{"oneOf", Shape::kSchemaList, ""},
    Keyword{"allOf", Shape::kSchemaList, ""},
    Keyword{"$ref", Shape::kReference, ""},
};

constexpr std::array<std::string_view, 15> kAnnotations = {
    "title",     "description",      "default",        "examples",    "$schema",    "$id",
    "$comment",  "format",           "$defs",          "definitions", "deprecated", "readOnly",
    "writeOnly", "contentMediaType", "contentEncoding"};

constexpr std::array<std::string_view, 7> kTypes = {"object", "array",   "string", "integer",
                                                    "number", "boolean", "null"};

const Keyword* find_keyword(std::string_view name) {
    const auto found =
        std::find_if(kKeywords.begin(), kKeywords.end(), [&](const Keyword& k) { return k.name == name; });
    return found == kKeywords.end() ? nullptr : &*found;
}

Error wrong(const std::string& where, const std::string& what) {
    return Error(ErrorCode::kInvalidArgument, "JSON Schema at " + where + ": " + what);
}

bool is_type_name(const SchemaJson& value) {
    return value.is_string() &&
           std::find(kTypes.begin(), kTypes.end(), value.get_ref<const std::string&>()) != kTypes.end();
}

/// Walks every schema that the root reaches, once.
class Checker {
  public:
    explicit Checker(const SchemaDocument& document) : document_(document) {}

    Status check(const SchemaJson& schema, const std::string& where, int depth) {
        if (!seen_.insert(&schema).second) return {};
        if (seen_.size() > kMaxSchemas) {
            return Error(ErrorCode::kResourceExhausted,
                         "JSON Schema has more than " + std::to_string(kMaxSchemas) + " sub-schemas");
        }
        if (depth > kMaxDepth) {
            return Error(ErrorCode::kResourceExhausted,
                         "JSON Schema nests deeper than " + std::to_string(kMaxDepth) + " levels at " + where);
        }
        if (schema.is_boolean()) return {};
        if (!schema.is_object()) return wrong(where, "a schema is an object, true or false");
        for (const auto& [name, value] : schema.items()) {
            if (is_annotation(name)) continue;
            const Keyword* keyword = find_keyword(name);
            if (keyword == nullptr) {
                if (name == "uniqueItems" && value == false) continue;
                return Error(ErrorCode::kUnsupported, "JSON Schema at " + where + ": the keyword '" + name +
                                                          "' is not supported; leave it out and check it afterwards");
            }
            HEARTH_TRY_STATUS(check_keyword(*keyword, value, where + "/" + name, depth));
        }
        return {};
    }

  private:
    Status check_keyword(const Keyword& keyword, const SchemaJson& value, const std::string& where, int depth) {
        switch (keyword.shape) {
            case Shape::kSchema:
                if (value.is_array()) {
                    return Error(ErrorCode::kUnsupported, "JSON Schema at " + where + ": a list of schemas ('" +
                                                              std::string(keyword.name) +
                                                              "' by position) is not supported; give one schema");
                }
                return check(value, where, depth + 1);
            case Shape::kSchemaMap:
                return check_map(value, where, depth);
            case Shape::kSchemaList:
                return check_list(value, where, depth);
            case Shape::kReference:
                return check_reference(value, where, depth);
            case Shape::kCount:
                if (!value.is_number_unsigned()) return wrong(where, "expected a whole number of at least 0");
                return {};
            case Shape::kNumber:
                if (!value.is_number()) return wrong(where, "expected a number");
                return {};
            case Shape::kNames:
                return check_names(value, where);
            case Shape::kType:
                return check_type(value, where);
            case Shape::kValues:
                if (!value.is_array() || value.empty()) return wrong(where, "expected a list of at least one value");
                return {};
            case Shape::kAny:
                return {};
        }
        return {};
    }

    Status check_map(const SchemaJson& value, const std::string& where, int depth) {
        if (!value.is_object()) return wrong(where, "expected an object of schemas");
        for (const auto& [name, schema] : value.items()) {
            HEARTH_TRY_STATUS(check_name(name, where));
            HEARTH_TRY_STATUS(check(schema, where + "/" + name, depth + 1));
        }
        return {};
    }

    Status check_list(const SchemaJson& value, const std::string& where, int depth) {
        if (!value.is_array() || value.empty()) return wrong(where, "expected a list of at least one schema");
        for (std::size_t i = 0; i < value.size(); ++i)
            HEARTH_TRY_STATUS(check(value[i], where + "/" + std::to_string(i), depth + 1));
        return {};
    }

    Status check_reference(const SchemaJson& value, const std::string& where, int depth) {
        if (!value.is_string()) return wrong(where, "expected a string");
        const auto& reference = value.get_ref<const std::string&>();
        if (reference.empty() || reference[0] != '#') {
            return Error(ErrorCode::kUnsupported, "JSON Schema at " + where + ": '" + reference +
                                                      "' lies outside the document; only #/… is supported");
        }
        const SchemaJson* target = document_.resolve(reference);
        if (target == nullptr) return wrong(where, "nothing is at '" + reference + "'");
        return check(*target, reference, depth + 1);
    }

    static Status check_names(const SchemaJson& value, const std::string& where) {
        if (!value.is_array()) return wrong(where, "expected a list of names");
        for (const SchemaJson& name : value) {
            if (!name.is_string()) return wrong(where, "expected a list of names");
            HEARTH_TRY_STATUS(check_name(name.get_ref<const std::string&>(), where));
        }
        return {};
    }

    static Status check_name(const std::string& name, const std::string& where) {
        if (name.size() <= kMaxNameBytes) return {};
        return wrong(where, "the name of a property has " + std::to_string(name.size()) + " bytes; at most " +
                                std::to_string(kMaxNameBytes) + " are possible");
    }

    static Status check_type(const SchemaJson& value, const std::string& where) {
        const bool list = value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_type_name);
        if (list || is_type_name(value)) return {};
        return wrong(where, "expected object, array, string, integer, number, boolean, null, or a list of these");
    }

    const SchemaDocument& document_;
    std::unordered_set<const SchemaJson*> seen_;
};

std::string unescape_pointer(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool escaped = token[i] == '~' && i + 1 < token.size();
        if (escaped && token[i + 1] == '0')
            out += '~';
        else if (escaped && token[i + 1] == '1')
            out += '/';
        else
            out += token[i];
        if (escaped && (token[i + 1] == '0' || token[i + 1] == '1')) ++i;
    }
    return out;
}

}  // namespace

bool is_annotation(std::string_view keyword) {
    return keyword.starts_with("x-") ||
           std::find(kAnnotations.begin(), kAnnotations.end(), keyword) != kAnnotations.end();
}

bool constrains(const SchemaJson& schema) {
    if (!schema.is_object()) return schema == false;
    for (const auto& [name, value] : schema.items())
        if (find_keyword(name) != nullptr) return true;
    return false;
}

std::vector<std::string> schema_types(const SchemaJson& schema) {
    std::vector<std::string> types;
    if (const auto type = schema.find("type"); type != schema.end()) {
        if (type->is_string()) return {type->get<std::string>()};
        for (const SchemaJson& name : *type) types.push_back(name.get<std::string>());
        return types;
    }
    for (const auto& [name, value] : schema.items()) {
        const Keyword* keyword = find_keyword(name);
        if (keyword == nullptr || keyword->type.empty()) continue;
        if (std::find(types.begin(), types.end(), keyword->type) == types.end()) types.emplace_back(keyword->type);
    }
    return types;
}

Result<SchemaDocument> SchemaDocument::parse(std::string_view text) {
    JsonLimits limits;
    limits.bytes = kMaxBytes;
    limits.depth = kMaxJsonDepth;
    if (const auto parsed = parse_json(text, limits); !parsed.ok()) {
        return Error(parsed.error().code, "JSON Schema: " + parsed.error().message);
    }
    // Read again for the order of properties, which core's JSON does not keep. It is known to be well-formed by now.
    SchemaDocument document(SchemaJson::parse(text, nullptr, false));
    HEARTH_TRY_STATUS(Checker(document).check(document.root(), "#", 1));
    return document;
}

const SchemaJson* SchemaDocument::resolve(std::string_view reference) const {
    if (!reference.starts_with('#')) return nullptr;
    reference.remove_prefix(1);
    const SchemaJson* at = root_.get();
    while (!reference.empty()) {
        if (reference[0] != '/') return nullptr;
        reference.remove_prefix(1);
        const std::string_view raw = reference.substr(0, reference.find('/'));
        reference.remove_prefix(raw.size());
        const std::string token = unescape_pointer(raw);
        if (at->is_object()) {
            const auto member = at->find(token);
            if (member == at->end()) return nullptr;
            at = &*member;
        } else if (at->is_array()) {
            std::size_t index = 0;
            const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
            if (error != std::errc() || end != token.data() + token.size() || index >= at->size()) return nullptr;
            at = &(*at)[index];
        } else {
            return nullptr;
        }
    }
    return at;
}

}  // namespace hearth::llm
