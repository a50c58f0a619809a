#include "llm/constraint.h"

#include <vector>

#include <nlohmann/json.hpp>

#include "core/json.h"

namespace hearth::llm {
namespace {

Result<Constraint> compile_answer(const std::string& schema) {
    auto parsed = parse_json(schema);
    if (!parsed.ok()) return Error(ErrorCode::kInvalidArgument, "json_schema: " + parsed.error().message);
    const nlohmann::json& document = parsed.value();
    const bool any_object = document.is_object() && document.empty();
    const auto type = document.is_object() ? document.find("type") : document.end();
    auto grammar = any_object ? compile_json_object() : compile_json_schema(schema);
    if (!grammar.ok()) return Error(grammar.error().code, "json_schema: " + grammar.error().message);
    // A number may go on after it is complete; an object may not.
    return Constraint{std::move(grammar).value(), any_object || (type != document.end() && *type == "object")};
}

Result<Constraint> compile_call(const GenerateRequest& request) {
    if (request.json_schema || !request.assistant_prefix.empty()) {
        return Error(ErrorCode::kInvalidArgument,
                     "a required tool call excludes json_schema and a given beginning of the answer");
    }
    const bool named = request.tool_choice == ToolChoice::kNamed;
    std::vector<ToolSchema> callable;
    for (const ToolDefinition& tool : request.tools)
        if (!named || tool.name == request.tool_name) callable.push_back({tool.name, tool.parameters});
    if (callable.empty()) {
        return Error(ErrorCode::kInvalidArgument, named ? "tool '" + request.tool_name + "' is not among the tools"
                                                        : "a tool call is required, but no tools are given");
    }
    auto grammar = compile_tool_call(callable);
    if (!grammar.ok()) return std::move(grammar).error();
    return Constraint{std::move(grammar).value(), true};
}

}  // namespace

Result<Constraint> compile_constraint(const GenerateRequest& request) {
    if (request.tool_choice == ToolChoice::kNamed || request.tool_choice == ToolChoice::kRequired)
        return compile_call(request);
    if (request.json_schema) return compile_answer(*request.json_schema);
    return Constraint{};
}

}  // namespace hearth::llm
