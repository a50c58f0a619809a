// The OpenAPI document against the routes, and what it promises of its own form.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/fake_house.h"
#include "tests/support/web_client.h"
#include "web/app.h"
#include "web/openapi/route_doc.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using test::call;

TEST(OpenApi, EveryRouteIsDocumentedAndNothingElse) {
    App app({});
    std::multiset<std::pair<Method, std::string_view>> routes;
    std::multiset<std::pair<Method, std::string_view>> docs;
    for (const Route& route : app.routes()) routes.insert({route.method, route.pattern});
    for (const RouteDoc& doc : route_docs()) docs.insert({doc.method, doc.pattern});
    for (const auto& [method, pattern] : routes) {
        EXPECT_EQ(docs.count({method, pattern}), 1u) << method_name(method) << " " << pattern << " has no entry";
    }
    for (const auto& [method, pattern] : docs) {
        EXPECT_EQ(routes.count({method, pattern}), 1u) << method_name(method) << " " << pattern << " is a ghost";
    }
}

void collect_refs(const json& value, std::set<std::string>& out) {
    if (value.is_object() && value.contains("$ref")) out.insert(value["$ref"].get<std::string>());
    if (!value.is_structured()) return;
    for (const json& child : value) collect_refs(child, out);
}

TEST(OpenApi, DocumentIsWholeAndEveryReferenceResolves) {
    App app({});
    const json document = call(app, Method::kGet, "/openapi.json").json();
    EXPECT_EQ(document["openapi"], "3.1.0");
    std::set<std::string> refs;
    collect_refs(document, refs);
    EXPECT_GT(refs.size(), 10u);
    for (const std::string& ref : refs) {
        ASSERT_EQ(ref.rfind("#/", 0), 0u) << ref;
        EXPECT_TRUE(document.contains(json::json_pointer(ref.substr(1)))) << ref;
    }
    std::set<std::string> ids;
    for (const auto& [path, operations] : document["paths"].items()) {
        for (const auto& [method, operation] : operations.items()) {
            EXPECT_TRUE(ids.insert(operation["operationId"]).second) << operation["operationId"];
            EXPECT_FALSE(operation["summary"].get<std::string>().empty());
            const auto places = static_cast<long>(std::count(path.begin(), path.end(), '{'));
            const json parameters = operation.value("parameters", json::array());
            EXPECT_EQ(std::count_if(parameters.begin(), parameters.end(),
                                    [](const json& p) { return p.value("in", "") == "path"; }),
                      places)
                << path;
        }
    }
    EXPECT_EQ(ids.size(), app.routes().size());
}

TEST(OpenApi, SchemasThatNothingUsesAreNotThere) {
    App app({});
    const json document = openapi_document(app.routes(), "1");
    std::set<std::string> refs;
    collect_refs(document, refs);
    for (const char* part : {"schemas", "parameters"}) {
        for (const auto& [name, ignored] : document["components"][part].items()) {
            EXPECT_EQ(refs.count("#/components/" + std::string(part) + "/" + name), 1u) << name;
        }
    }
}

TEST(OpenApi, PathsNameTheirValues) {
    EXPECT_EQ(documented_path("/v1/documents/{}/passage"), "/v1/documents/{document_id}/passage");
    EXPECT_EQ(documented_path("/v1/a_stores/{}/files/{}"), "/v1/a_stores/{a_store_id}/files/{file_id}");
    EXPECT_EQ(documented_path("/healthz"), "/healthz");
}

TEST(OpenApi, PageNamesEveryRouteAndHasNoScriptAndNoRemoteAddress) {
    App app({});
    const auto reply = call(app, Method::kGet, "/docs");
    EXPECT_NE(reply.header("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
    for (const Route& route : app.routes()) {
        EXPECT_NE(reply.response.body.find(documented_path(route.pattern)), std::string::npos) << route.pattern;
    }
    for (const char* bad : {"<script", "http://", "https://", " style=", "onclick"}) {
        EXPECT_EQ(reply.response.body.find(bad), std::string::npos) << bad;
    }
}

TEST(OpenApi, PageEscapesTheTextItShows) {
    json document = openapi_document({}, "1");
    document["components"]["schemas"]["Evil"] = {{"title", "<img src=x onerror=alert(1)>"}};
    EXPECT_EQ(openapi_page(document).find("<img"), std::string::npos);
}

}  // namespace
}  // namespace hearth::web
