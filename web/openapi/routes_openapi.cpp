// GET /openapi.json and GET /docs: what this server can do, for programs and for people.
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/app.h"
#include "web/openapi/route_doc.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

void openapi_json(App& app, Request&, ResponseWriter& writer) {
    writer.send(json_response(dump_json(openapi_document(app.routes(), app.options().version))));
}

void docs(App& app, Request&, ResponseWriter& writer) {
    Response response;
    response.set("Content-Type", "text/html; charset=utf-8");
    add_page_headers(response);
    response.body = openapi_page(openapi_document(app.routes(), app.options().version));
    writer.send(std::move(response));
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/openapi.json", Lane::kShort, BodyKind::kNone, Scope::kPublic, openapi_json},
    {Method::kGet, "/docs", Lane::kShort, BodyKind::kNone, Scope::kPublic, docs},
};

}  // namespace

std::span<const Route> openapi_routes() {
    return kRoutes;
}

}  // namespace hearth::web
