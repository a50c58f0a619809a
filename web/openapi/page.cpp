#include <map>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/openapi/route_doc.h"

namespace hearth::web {
namespace {

using nlohmann::json;

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string element(const char* name, std::string_view text) {
    return "<" + std::string(name) + ">" + escaped(text) + "</" + name + ">";
}

/// "#/components/schemas/ErrorReply" -> a link to that schema further down.
std::string schema_link(const json& schema) {
    const auto ref = schema.find("$ref");
    if (ref == schema.end()) return element("code", schema.value("type", "any"));
    const std::string name = ref->get<std::string>().substr(sizeof "#/components/schemas/" - 1);
    return "<a href=\"#" + escaped(name) + "\"><code>" + escaped(name) + "</code></a>";
}

std::string contents_text(const json& holder) {
    std::string out;
    if (!holder.contains("content")) return out;
    for (const auto& [media, content] : holder["content"].items()) {
        out += (out.empty() ? "" : ", ") + schema_link(content["schema"]) + " as " + escaped(media);
    }
    return out;
}

std::string parameters_text(const json& document, const json& operation) {
    if (!operation.contains("parameters")) return {};
    std::string out = "<dt>Parameters</dt>";
    for (const json& entry : operation["parameters"]) {
        const json& parameter = entry.contains("$ref")
                                    ? document.at(json::json_pointer(entry["$ref"].get<std::string>().substr(1)))
                                    : entry;
        out += "<dd>" + element("code", parameter["name"].get<std::string>()) + " " +
               escaped(parameter.value("description", "in the path")) + "</dd>";
    }
    return out;
}

std::string operation_text(const json& document, const std::string& method, const std::string& path,
                           const json& operation) {
    std::string out = "<section><h3><b>" + escaped(method) + "</b> " + element("code", path) + "</h3>";
    out += element("p", operation["summary"].get<std::string>()) + "<dl>";
    out += "<dt>Scope</dt><dd>" + escaped(operation["x-hearth-scope"].get<std::string>()) + "</dd>";
    out += parameters_text(document, operation);
    if (operation.contains("requestBody")) {
        out += "<dt>Body</dt><dd>" + contents_text(operation["requestBody"]) + "</dd>";
    }
    for (const auto& [status, reply] : operation["responses"].items()) {
        out += "<dt>" + escaped(status) + "</dt><dd>" + contents_text(reply) + "</dd>";
    }
    return out + "</dl></section>";
}

}  // namespace

std::string openapi_page(const json& document) {
    std::map<std::string, std::string> tags;
    for (const auto& [path, operations] : document["paths"].items()) {
        for (const auto& [method, operation] : operations.items()) {
            std::string upper = method;
            for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
            tags[operation["tags"][0].get<std::string>()] += operation_text(document, upper, path, operation);
        }
    }
    std::string out =
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>hearth API</title>"
        "<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"/flame.svg\" "
        "type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"/docs.css\"></head>"
        "<body><main><h1>hearth API</h1><p>For programs: <a href=\"/openapi.json\">/openapi.json</a></p>";
    for (const auto& [tag, text] : tags) out += element("h2", tag) + text;
    out += "<h2>Shapes</h2>";
    for (const auto& [name, schema] : document["components"]["schemas"].items()) {
        out += "<section id=\"" + escaped(name) + "\">" + element("h3", name) + "<pre>" +
               escaped(dump_json(schema, 2)) + "</pre></section>";
    }
    return out + "</main></body></html>";
}

}  // namespace hearth::web
