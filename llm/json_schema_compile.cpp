#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/json.h"
#include "llm/grammar.h"
#include "llm/grammar_automaton.h"
#include "llm/grammar_json.h"
#include "llm/json_schema.h"

namespace hearth::llm {
namespace {

constexpr std::size_t kMaxRepeat = 20'000;  // minLength, maxLength, minItems, maxItems
constexpr std::size_t kMaxRules = 20'000;   // alternatives that are merged with their surroundings can multiply
constexpr int kMaxLiteralNesting = 12;      // with kMaxNesting around it still within core's JSON limit of 64

Error unsupported(const std::string& what) {
    return Error(ErrorCode::kUnsupported, "JSON Schema: " + what);
}

std::string quoted(const std::string& text) {
    return SchemaJson(text).dump(-1, ' ', false, SchemaJson::error_handler_t::replace);
}

/// The two schemas as one that wants both. Only where that is a matter of putting their keywords side by side.
Result<SchemaJson> merge(const SchemaJson& outer, const SchemaJson& branch) {
    if (outer.is_boolean()) return outer.get<bool>() ? branch : outer;
    if (branch.is_boolean()) return branch.get<bool>() ? outer : branch;
    const auto splits_properties = [](const SchemaJson& a, const SchemaJson& b) {
        return a.contains("additionalProperties") && b.contains("properties");
    };
    if (splits_properties(outer, branch) || splits_properties(branch, outer)) {
        return unsupported(
            "additionalProperties beside an alternative with its own properties; "
            "put both in the same sub-schema");
    }
    SchemaJson merged = outer;
    for (const auto& [name, value] : branch.items()) {
        if (is_annotation(name)) continue;
        const auto present = merged.find(name);
        if (present == merged.end()) {
            merged[name] = value;
        } else if (name == "required") {
            for (const SchemaJson& item : value) present->push_back(item);
        } else if (*present != value) {
            return unsupported("'" + name + "' inside and beside anyOf, oneOf or allOf differ; put it in the branches");
        }
    }
    return merged;
}

class Compiler {
  public:
    Compiler(const SchemaDocument& document, Automaton& automaton, JsonRules& rules)
        : document_(document), a_(automaton), rules_(rules) {}

    Result<RuleId> compile(const SchemaJson& schema) {
        if (a_.full() || a_.rule_count() > kMaxRules) {
            return Error(ErrorCode::kResourceExhausted,
                         "the JSON Schema expands to too large a grammar; lower maxLength and maxItems or split it");
        }
        if (schema.is_boolean()) return schema.get<bool>() ? rules_.any_value() : a_.add_rule();
        if (!constrains(schema)) return rules_.any_value();
        if (schema.contains("$ref")) return compile_reference(schema);
        if (schema.contains("const") || schema.contains("enum")) return compile_values(schema);
        for (const char* keyword : {"allOf", "anyOf", "oneOf"})
            if (schema.contains(keyword)) return compile_branches(schema, keyword);
        return compile_types(schema);
    }

  private:
    Result<RuleId> compile_reference(const SchemaJson& schema) {
        SchemaJson siblings = schema;
        siblings.erase("$ref");
        if (constrains(siblings)) return unsupported("other keywords beside $ref; put them in the definition");
        const SchemaJson* target = document_.resolve(schema["$ref"].get_ref<const std::string&>());
        HEARTH_CHECK(target != nullptr);
        if (const auto known = referenced_.find(target); known != referenced_.end()) return known->second;
        // Known before its body is, so that the body may refer to it.
        const RuleId rule = a_.add_rule();
        referenced_.emplace(target, rule);
        HEARTH_TRY(const RuleId body, compile(*target));
        alternatives(rule, {body});
        return rule;
    }

    void alternatives(RuleId rule, const std::vector<RuleId>& branches) {
        const NodeId end = a_.add_node();
        a_.finish(end);
        for (const RuleId branch : branches) a_.call(a_.rule(rule).start, branch, end);
    }

    /// The values of const or enum that the other keywords allow too.
    Result<RuleId> compile_values(const SchemaJson& schema) {
        const RuleId rule = a_.add_rule();
        const NodeId end = a_.add_node();
        a_.finish(end);
        std::map<std::pair<NodeId, char>, NodeId> spelt;
        const bool is_const = schema.contains("const");
        const SchemaJson one = SchemaJson::array({schema.value("const", SchemaJson())});
        SchemaJson others = SchemaJson::object();
        for (const auto& [name, value] : schema.items())
            if (is_const || name != "enum") others[name] = value;
        for (const SchemaJson& value : is_const ? one : schema["enum"]) {
            const Status fits = check_value(document_, others, nlohmann::json(value));
            if (!fits.ok() && fits.error().code == ErrorCode::kResourceExhausted) return fits.error();
            if (!fits.ok()) continue;
            if (value.is_structured()) {
                HEARTH_TRY(const NodeId after, emit(a_.rule(rule).start, value, 0));
                a_.epsilon(after, end);
            } else {
                a_.epsilon(shared_literal(a_.rule(rule).start, scalar_text(value), spelt), end);
            }
        }
        return rule;
    }

    static std::string scalar_text(const SchemaJson& value) {
        return value.dump(-1, ' ', false, SchemaJson::error_handler_t::replace);
    }

    /// Walks the way that earlier texts share with this one: long lists of values must not all be open at once.
    NodeId shared_literal(NodeId from, std::string_view text, std::map<std::pair<NodeId, char>, NodeId>& spelt) {
        for (const char c : text) {
            const auto [place, fresh] = spelt.try_emplace({from, c});
            if (fresh) place->second = a_.literal(from, std::string_view(&c, 1));
            from = place->second;
        }
        return from;
    }

    Result<NodeId> emit(NodeId from, const SchemaJson& value, int depth) {
        if (depth > kMaxLiteralNesting) {
            return unsupported("a value of enum or const nests deeper than " + std::to_string(kMaxLiteralNesting) +
                               " levels");
        }
        if (!value.is_structured()) {
            return a_.literal(from, scalar_text(value));
        }
        const bool object = value.is_object();
        NodeId at = a_.literal(from, object ? "{" : "[");
        bool first = true;
        for (const auto& [name, member] : value.items()) {
            if (!first) at = rules_.separator(at, ',');
            first = false;
            if (object) at = rules_.separator(a_.literal(at, quoted(name)), ':');
            HEARTH_TRY(at, emit(at, member, depth + 1));
        }
        return a_.literal(at, object ? "}" : "]");
    }

    Result<RuleId> compile_branches(const SchemaJson& schema, const char* keyword) {
        SchemaJson outer = SchemaJson::object();
        for (const auto& [name, value] : schema.items())
            if (name != keyword && !is_annotation(name)) outer[name] = value;
        const SchemaJson& branches = schema[keyword];
        if (keyword == std::string_view("allOf")) {
            for (const SchemaJson& branch : branches) {
                HEARTH_TRY(outer, merge(outer, branch));
            }
            return compile(outer);
        }
        std::vector<RuleId> rules;
        for (const SchemaJson& branch : branches) {
            HEARTH_TRY(const SchemaJson merged, merge(outer, branch));
            HEARTH_TRY(const RuleId rule, compile(merged));
            rules.push_back(rule);
        }
        const RuleId rule = a_.add_rule();
        alternatives(rule, rules);
        return rule;
    }

    Result<RuleId> compile_types(const SchemaJson& schema) {
        std::vector<RuleId> rules;
        for (const std::string& type : schema_types(schema)) {
            HEARTH_TRY(const RuleId rule, compile_type(schema, type));
            rules.push_back(rule);
        }
        if (rules.size() == 1) return rules[0];
        const RuleId rule = a_.add_rule();
        alternatives(rule, rules);
        return rule;
    }

    Result<RuleId> compile_type(const SchemaJson& schema, const std::string& type) {
        if (type == "object") return compile_object(schema);
        if (type == "array") return compile_array(schema);
        if (type == "string") return compile_string(schema);
        if (type == "integer") return compile_integer(schema);
        if (type == "null") return rules_.word("null");
        if (type == "number") {
            for (const char* bound : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
                if (schema.contains(bound))
                    return unsupported(std::string("'") + bound + "' is enforced for \"type\": \"integer\" only");
            return rules_.number();
        }
        const RuleId rule = a_.add_rule();
        alternatives(rule, {rules_.word("true"), rules_.word("false")});
        return rule;
    }

    static Result<std::size_t> least(const SchemaJson& schema, const char* keyword) {
        const std::uint64_t count = schema.value(keyword, std::uint64_t{0});
        if (count > kMaxRepeat)
            return unsupported(std::string("'") + keyword + "' is over " + std::to_string(kMaxRepeat));
        return static_cast<std::size_t>(count);
    }

    static std::optional<std::size_t> most(const SchemaJson& schema, const char* keyword) {
        if (!schema.contains(keyword)) return std::nullopt;
        return static_cast<std::size_t>(std::min<std::uint64_t>(schema[keyword].get<std::uint64_t>(), kMaxRepeat));
    }

    Result<RuleId> compile_string(const SchemaJson& schema) {
        HEARTH_TRY(const std::size_t low, least(schema, "minLength"));
        return rules_.sized_string(low, most(schema, "maxLength"));
    }

    /// The bound as the nearest integer inside it, a little beyond what the grammar writes where it is far outside.
    static std::int64_t bound(const SchemaJson& value, bool lower, bool exclusive) {
        constexpr std::int64_t kBeyond = kMaxGrammarInteger + 1;
        std::int64_t whole = 0;
        bool exact = true;
        if (value.is_number_unsigned()) {
            whole = static_cast<std::int64_t>(std::min<std::uint64_t>(value.get<std::uint64_t>(), kBeyond));
        } else if (value.is_number_integer()) {
            whole = std::max(value.get<std::int64_t>(), -kBeyond);
        } else {
            const double limit = std::clamp(value.get<double>(), -1e18, 1e18);
            const double rounded = lower ? std::ceil(limit) : std::floor(limit);
            exact = rounded == limit;
            whole = static_cast<std::int64_t>(rounded);
        }
        if (!exclusive || !exact) return whole;
        return lower ? whole + 1 : whole - 1;
    }

    Result<RuleId> compile_integer(const SchemaJson& schema) {
        std::int64_t low = -kMaxGrammarInteger;
        std::int64_t high = kMaxGrammarInteger;
        if (schema.contains("minimum")) low = std::max(low, bound(schema["minimum"], true, false));
        if (schema.contains("exclusiveMinimum")) low = std::max(low, bound(schema["exclusiveMinimum"], true, true));
        if (schema.contains("maximum")) high = std::min(high, bound(schema["maximum"], false, false));
        if (schema.contains("exclusiveMaximum")) high = std::min(high, bound(schema["exclusiveMaximum"], false, true));
        return rules_.integer(low, high);
    }

    Result<RuleId> compile_array(const SchemaJson& schema) {
        HEARTH_TRY(const std::size_t low, least(schema, "minItems"));
        const std::optional<std::size_t> high = most(schema, "maxItems");
        const bool free = !schema.contains("items") || (schema["items"].is_object() && !constrains(schema["items"]));
        if (free && low == 0 && !high) return rules_.any_array();
        RuleId item = rules_.any_value();
        if (schema.contains("items")) {
            HEARTH_TRY(item, compile(schema["items"]));
        }
        const RuleId rule = a_.add_rule(true);
        const NodeId open = a_.literal(a_.rule(rule).start, "[");
        const NodeId end = a_.add_node();
        a_.finish(end);
        if (low == 0) a_.byte(open, ']', end);
        NodeId at = a_.add_node();  // not `open`: the loop comes back here, behind a comma, where ']' may not follow
        a_.epsilon(open, at);
        const std::size_t steps = high ? *high : std::max<std::size_t>(low, 1);
        for (std::size_t count = 1; count <= steps && !a_.full(); ++count) {
            const NodeId done = a_.add_node();
            a_.call(at, item, done);
            if (count >= low) a_.byte(done, ']', end);
            const bool loops = !high && count == steps;
            const NodeId next = rules_.separator(done, ',');
            if (loops) a_.epsilon(next, at);
            at = next;
        }
        return rule;
    }

    struct Property {
        std::string name;
        SchemaJson schema;
        bool required = false;
    };

    /// Declared ones in their order, then required ones that are not declared: those are as any additional one.
    static std::vector<Property> properties_of(const SchemaJson& schema) {
        std::vector<Property> properties;
        std::set<std::string> required;
        if (schema.contains("required"))
            for (const SchemaJson& name : schema["required"]) required.insert(name.get<std::string>());
        if (schema.contains("properties")) {
            for (const auto& [name, member] : schema["properties"].items())
                properties.push_back({name, member, required.erase(name) > 0});
        }
        const SchemaJson additional = schema.value("additionalProperties", SchemaJson(true));
        for (const std::string& name : required) properties.push_back({name, additional, true});
        return properties;
    }

    Result<RuleId> compile_object(const SchemaJson& schema) {
        const SchemaJson additional = schema.value("additionalProperties", SchemaJson(!schema.contains("properties")));
        const std::vector<Property> properties = properties_of(schema);
        if (properties.empty() && additional == true) return rules_.any_object();
        const RuleId rule = a_.add_rule(true);
        const NodeId end = a_.add_node();
        a_.finish(end);
        const NodeId open = a_.literal(a_.rule(rule).start, "{");
        const std::size_t last_required = [&] {
            std::size_t count = properties.size();
            while (count > 0 && !properties[count - 1].required) --count;
            return count;
        }();
        if (last_required == 0) a_.byte(open, '}', end);
        NodeId candidate = a_.add_node();  // the next key may be this property's or, if it is optional, a later one's
        a_.epsilon(open, candidate);
        std::vector<std::string> names;
        for (std::size_t i = 0; i < properties.size(); ++i) {
            const Property& property = properties[i];
            names.push_back(property.name);
            const NodeId next = a_.add_node();
            if (!property.required) a_.epsilon(candidate, next);
            HEARTH_TRY(const RuleId value, compile(property.schema));
            const NodeId done = a_.add_node();
            a_.call(rules_.separator(a_.literal(candidate, quoted(property.name)), ':'), value, done);
            if (last_required <= i + 1) a_.byte(done, '}', end);
            a_.epsilon(rules_.separator(done, ','), next);
            candidate = next;
        }
        if (additional == false) return rule;
        HEARTH_TRY(const RuleId value, compile(additional));
        const NodeId named = a_.add_node();
        const NodeId done = a_.add_node();
        a_.call(candidate, rules_.string_except(names), named);
        a_.call(rules_.separator(named, ':'), value, done);
        a_.byte(done, '}', end);
        a_.epsilon(rules_.separator(done, ','), candidate);
        return rule;
    }

    const SchemaDocument& document_;
    Automaton& a_;
    JsonRules& rules_;
    std::unordered_map<const SchemaJson*, RuleId> referenced_;
};

Result<RuleId> compile_text(std::string_view text, Automaton& automaton, JsonRules& rules) {
    HEARTH_TRY(const SchemaDocument document, SchemaDocument::parse(text));
    return Compiler(document, automaton, rules).compile(document.root());
}

Result<std::shared_ptr<const Grammar>> sealed(Automaton automaton, RuleId root) {
    automaton.set_root(root);
    HEARTH_TRY_STATUS(automaton.seal());
    return std::shared_ptr<const Grammar>(std::make_shared<const CompiledGrammar>(std::move(automaton)));
}

}  // namespace

Result<std::shared_ptr<const Grammar>> compile_json_schema(std::string_view schema) {
    Automaton automaton;
    JsonRules rules(automaton);
    HEARTH_TRY(const RuleId root, compile_text(schema, automaton, rules));
    return sealed(std::move(automaton), root);
}

Result<std::shared_ptr<const Grammar>> compile_json_object() {
    Automaton automaton;
    JsonRules rules(automaton);
    const RuleId root = rules.any_object();
    return sealed(std::move(automaton), root);
}

Result<std::shared_ptr<const Grammar>> compile_tool_call(const std::vector<ToolSchema>& tools,
                                                         const ToolCallFrame& frame) {
    if (tools.empty()) return Error(ErrorCode::kInvalidArgument, "a forced tool call needs at least one tool");
    Automaton automaton;
    JsonRules rules(automaton);
    const RuleId root = automaton.add_rule();
    const NodeId name = automaton.literal(automaton.rule(root).start, frame.prefix + "{\"name\": ");
    const NodeId done = automaton.add_node();
    for (const ToolSchema& tool : tools) {
        const NodeId arguments = automaton.literal(name, quoted(tool.name) + ", \"arguments\": ");
        RuleId value = rules.any_object();
        if (!tool.parameters.empty()) {
            Result<RuleId> compiled = compile_text(tool.parameters, automaton, rules);
            if (!compiled.ok()) {
                return Error(compiled.error().code, "tool '" + tool.name + "': " + compiled.error().message);
            }
            value = *compiled;
        }
        automaton.call(arguments, value, done);
    }
    automaton.finish(automaton.literal(done, "}" + frame.suffix));
    return sealed(std::move(automaton), root);
}

}  // namespace hearth::llm
