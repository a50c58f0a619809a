// /v1/tools: the tools of the answering loop for everyone, and /v1/collections. All of them read only.
#include <nlohmann/json.hpp>

#include "agents/tools.h"
#include "core/json.h"
#include "web/app.h"
#include "web/json_fields.h"
#include "web/routes.h"
#include "web/stores/collections.h"
#include "web/stores/file_ids.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

json tool_json(const llm::ToolDefinition& tool) {
    const auto schema = parse_json(tool.parameters);
    return {{"name", tool.name},
            {"description", tool.description},
            {"input_schema", schema.ok() ? *schema : json::object()},
            {"annotations", {{"read_only", true}, {"destructive", false}, {"open_world", false}}}};
}

const llm::ToolDefinition* find_tool(const std::string& name) {
    for (const llm::ToolDefinition& tool : agents::tool_definitions()) {
        if (tool.name == name) return &tool;
    }
    return nullptr;
}

ApiError no_tool(const std::string& name) {
    return {404, "there is no tool '" + name + "'; /v1/tools lists them", "invalid_request_error", {}, "not_found", {}};
}

void list_tools(App&, Request&, ResponseWriter& writer) {
    json tools = json::array();
    for (const llm::ToolDefinition& tool : agents::tool_definitions()) tools.push_back(tool_json(tool));
    writer.send(json_response(dump_json({{"tools", std::move(tools)}})));
}

void get_tool(App&, Request& request, ResponseWriter& writer) {
    const llm::ToolDefinition* tool = find_tool(request.captures.at(0));
    writer.send(tool != nullptr ? json_response(dump_json(tool_json(*tool)))
                                : error_response(no_tool(request.captures.at(0))));
}

/// A wrong call is a result that says so, as a model sees it; only a wrong request is an error.
void call_tool(App& app, Request& request, ResponseWriter& writer) {
    const std::string& name = request.captures.at(0);
    const auto body = parse_json(request.body);
    std::optional<ApiError> error;
    if (find_tool(name) == nullptr) {
        error = no_tool(name);
    } else if (!body.ok() || !body->is_object()) {
        error = bad_request(body.ok() ? "the body must be a JSON object" : body.error().message);
    } else if (!body->value("arguments", json::object()).is_object()) {
        error = bad_request("'arguments' must be an object", "arguments");
    } else if (app.services().corpus == nullptr) {
        error = not_ready(app.why_not_ready());
    }
    if (error) {
        writer.send(error_response(*error));
        return;
    }
    const llm::ToolCall call{"", name, dump_json(body->value("arguments", json::object()))};
    const agents::ToolResult result = agents::run_tool(call, *app.services().corpus, {}, 1);
    json passages = json::array();
    for (const retrieval::Hit& hit : result.passages) passages.push_back(to_json(hit));
    json reply{{"name", name}, {"text", result.text}, {"failed", result.failed}, {"passages", std::move(passages)}};
    if (auto data = parse_json(result.data); !result.data.empty() && data.ok()) reply["data"] = std::move(*data);
    writer.send(json_response(dump_json(reply)));
}

json collection_json(const Collection& collection) {
    json states{{"indexed", 0}, {"failed", 0}, {"queued", 0}, {"processing", 0}};
    for (const auto& document : collection.documents) {
        const std::string state = to_json(document)["state"];
        states[state] = states[state].get<int>() + 1;
    }
    return {{"name", collection.name},
            {"vector_store_id", store_id_of(collection.name)},
            {"documents", collection.documents.size()},
            {"states", std::move(states)}};
}

void get_collections(App& app, Request&, ResponseWriter& writer) {
    const auto all = list_collections(app);
    if (!all.ok()) {
        writer.send(error_response(api_error(all.error())));
        return;
    }
    json out = json::array();
    for (const Collection& collection : *all) out.push_back(collection_json(collection));
    writer.send(json_response(dump_json({{"collections", std::move(out)}})));
}

void get_one_collection(App& app, Request& request, ResponseWriter& writer) {
    const auto collection = get_collection(app, request.captures.at(0));
    writer.send(collection.ok() ? json_response(dump_json(collection_json(*collection)))
                                : error_response(api_error(collection.error())));
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/tools", Lane::kShort, BodyKind::kNone, Scope::kRead, list_tools},
    {Method::kGet, "/v1/tools/{}", Lane::kShort, BodyKind::kNone, Scope::kRead, get_tool},
    {Method::kPost, "/v1/tools/{}/call", Lane::kShort, BodyKind::kMemory, Scope::kRead, call_tool},
    {Method::kGet, "/v1/collections", Lane::kShort, BodyKind::kNone, Scope::kRead, get_collections},
    {Method::kGet, "/v1/collections/{}", Lane::kShort, BodyKind::kNone, Scope::kRead, get_one_collection},
};

}  // namespace

std::span<const Route> tool_routes() {
    return kRoutes;
}

}  // namespace hearth::web
