#include "web/json_schema_field.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/limits.h"

namespace hearth::web {

using nlohmann::json;

namespace {

int depth_of(const json& value, int limit) {
    if (!value.is_structured() || limit == 0) return 0;
    int deepest = 0;
    for (const json& child : value) deepest = std::max(deepest, depth_of(child, limit - 1));
    return deepest + 1;
}

}  // namespace

std::string schema_text(FieldReader& fields, std::string_view key, const json& schema) {
    if (!schema.is_object()) {
        fields.fail(key, "must be a JSON Schema object");
        return {};
    }
    std::string text = dump_json(schema);
    if (text.size() > kMaxSchemaBytes) {
        fields.fail(key, "is " + std::to_string(text.size()) + " bytes; at most 65536 are possible");
    } else if (depth_of(schema, kMaxSchemaDepth + 1) > kMaxSchemaDepth) {
        fields.fail(key, "is nested deeper than 32 levels");
    }
    return text;
}

}  // namespace hearth::web
