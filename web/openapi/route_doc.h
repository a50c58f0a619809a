// What the OpenAPI document says about each route beyond its path, body kind and scope. A test holds the table to the
// routes: none without an entry, no entry without a route.
#pragma once

#include <span>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "web/router.h"

namespace hearth::web {

struct RouteDoc {
    Method method = Method::kGet;
    std::string_view pattern;
    std::string_view id;  ///< operationId
    std::string_view tag;
    std::string_view summary;
    std::string_view query;    ///< names in components/parameters, separated by blanks
    std::string_view request;  ///< name in components/schemas; empty where there is no JSON body
    std::string_view reply;    ///< name in components/schemas
    int status = 200;
    std::string_view media = "application/json";
    bool streams = false;  ///< with stream=true the reply is text/event-stream
};

std::span<const RouteDoc> route_docs();

/// components/schemas of OpenAI's shapes, of its files and vector stores, of hearth's own, and components/parameters:
/// JSON objects as text.
std::string_view openai_schemas();
std::string_view store_schemas();
std::string_view tool_schemas();
std::string_view hearth_schemas();
std::string_view query_parameters();

/// The whole document for these routes.
nlohmann::json openapi_document(std::span<const Route> routes, std::string_view version);

/// "/v1/documents/{}/passage" -> "/v1/documents/{document_id}/passage".
std::string documented_path(std::string_view pattern);

/// The same as a page without scripts, for a person.
std::string openapi_page(const nlohmann::json& document);

}  // namespace hearth::web
