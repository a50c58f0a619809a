// A JSON Schema read, bounded and found to use only supported keywords, before anything is built from it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/result.h"

namespace hearth::llm {

/// Keeps the order in which properties were declared: they are generated in it.
using SchemaJson = nlohmann::ordered_json;

class SchemaDocument {
  public:
    /// Every schema that can be reached from the root has known keywords of the right shape, its references resolve,
    /// and the limits of llm/grammar.h hold. Unreached $defs are not looked at.
    static Result<SchemaDocument> parse(std::string_view text);

    const SchemaJson& root() const { return *root_; }
    /// A reference inside the document, "#" or "#/…"; null when nothing is there. Lives as long as the document.
    const SchemaJson* resolve(std::string_view reference) const;

  private:
    explicit SchemaDocument(SchemaJson root) : root_(std::make_shared<const SchemaJson>(std::move(root))) {}

    std::shared_ptr<const SchemaJson> root_;
};

/// Says nothing about which values are valid: title, description, $defs, …
bool is_annotation(std::string_view keyword);

/// Names of the `type` keyword; those that the other keywords speak about where there is no `type`; all when none do.
std::vector<std::string> schema_types(const SchemaJson& schema);

/// True when the schema has a keyword that constrains.
bool constrains(const SchemaJson& schema);

/// The error names the JSON pointer of the part of `value` that is not as `schema` (a part of `document`, or made of
/// parts of it) wants it. kResourceExhausted when recursive alternatives take too many steps to tell.
Status check_value(const SchemaDocument& document, const SchemaJson& schema, const nlohmann::json& value);

}  // namespace hearth::llm
