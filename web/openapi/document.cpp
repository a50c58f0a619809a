#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "web/openapi/route_doc.h"

namespace hearth::web {
namespace {

using nlohmann::json;

json schema_ref(std::string_view name) {
    return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

/// "documents" -> "document_id": the name of the value that follows a segment of a path.
std::string capture_name(std::string_view segment) {
    std::string name(segment);
    if (name.ends_with('s')) name.pop_back();
    return name + "_id";
}

std::vector<std::string> capture_names(std::string_view pattern) {
    std::vector<std::string> out;
    for (std::size_t at = pattern.find("/{}"); at != std::string_view::npos; at = pattern.find("/{}", at + 1)) {
        const std::size_t start = pattern.rfind('/', at - 1) + 1;
        out.push_back(capture_name(pattern.substr(start, at - start)));
    }
    return out;
}

json parameters_json(const RouteDoc& doc) {
    json out = json::array();
    for (const std::string& name : capture_names(doc.pattern)) {
        out.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    }
    std::string_view rest = doc.query;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        out.push_back({{"$ref", "#/components/parameters/" + std::string(rest.substr(0, end))}});
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

json request_json(const Route& route, const RouteDoc& doc) {
    json content;
    if (!doc.request.empty()) {
        content["application/json"] = {{"schema", schema_ref(doc.request)}};
    } else if (route.body == BodyKind::kFile) {
        content["multipart/form-data"] = {{"schema", schema_ref("FileForm")}};
    }
    return {{"required", true}, {"content", std::move(content)}};
}

json reply_json(const RouteDoc& doc) {
    json out{{"description", "success"}};
    if (doc.reply.empty()) return out;
    out["content"][std::string(doc.media)] = {{"schema", schema_ref(doc.reply)}};
    if (doc.streams) out["content"]["text/event-stream"] = {{"schema", {{"type", "string"}}}};
    return out;
}

json operation_json(const Route& route, const RouteDoc& doc) {
    const json failure{{"description", "what is wrong, and what to do"},
                       {"content", {{"application/json", {{"schema", schema_ref("ErrorReply")}}}}}};
    json out{{"operationId", doc.id},
             {"tags", json::array({doc.tag})},
             {"summary", doc.summary},
             {"x-hearth-scope", scope_name(route.scope)},
             {"responses", {{std::to_string(doc.status), reply_json(doc)}, {"default", failure}}}};
    json parameters = parameters_json(doc);
    if (!parameters.empty()) out["parameters"] = std::move(parameters);
    if (route.body != BodyKind::kNone) out["requestBody"] = request_json(route, doc);
    if (route.scope != Scope::kPublic) {
        out["security"] = json::array({json::object(), {{"bearer", json::array()}}, {{"key", json::array()}}});
    }
    return out;
}

json parsed(std::string_view text) {
    json out = json::parse(text, nullptr, false);
    HEARTH_CHECK(out.is_object());
    return out;
}

std::string lower_method(Method method) {
    return lower_ascii(method_name(method));
}

}  // namespace

std::string documented_path(std::string_view pattern) {
    std::string out;
    const std::vector<std::string> names = capture_names(pattern);
    for (const std::string& name : names) {
        const std::size_t at = pattern.find("{}");
        out.append(pattern.substr(0, at)).append("{" + name + "}");
        pattern.remove_prefix(at + 2);
    }
    return out.append(pattern);
}

json openapi_document(std::span<const Route> routes, std::string_view version) {
    json paths = json::object();
    for (const Route& route : routes) {
        const auto docs = route_docs();
        const auto doc = std::find_if(docs.begin(), docs.end(), [&](const RouteDoc& entry) {
            return entry.method == route.method && entry.pattern == route.pattern;
        });
        if (doc == docs.end()) continue;
        paths[documented_path(route.pattern)][lower_method(route.method)] = operation_json(route, *doc);
    }
    json schemas = parsed(openai_schemas());
    schemas.update(parsed(store_schemas()));
    schemas.update(parsed(tool_schemas()));
    schemas.update(parsed(hearth_schemas()));
    return {{"openapi", "3.1.0"},
            {"info",
             {{"title", "hearth"},
              {"version", version},
              {"description", "Ask your documents. OpenAI's routes by their names, and hearth's own."}}},
            {"servers", json::array({{{"url", "/"}}})},
            {"paths", std::move(paths)},
            {"components",
             {{"schemas", std::move(schemas)},
              {"parameters", parsed(query_parameters())},
              {"securitySchemes",
               {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
                {"key", {{"type", "apiKey"}, {"in", "header"}, {"name", "x-api-key"}}}}}}}};
}

}  // namespace hearth::web
