// The route tables of the routes_*.cpp files.
#pragma once

#include <span>

#include "web/router.h"

namespace hearth::web {

std::span<const Route> chat_routes();      ///< POST /v1/chat/completions
std::span<const Route> model_routes();     ///< /v1/models, /v1/embeddings
std::span<const Route> search_routes();    ///< /v1/search
std::span<const Route> document_routes();  ///< /v1/documents, /v1/ingest
std::span<const Route> admin_routes();     ///< health, metrics, status
std::span<const Route> openapi_routes();   ///< /openapi.json, /docs
const Route& static_file_route();          ///< the chat page's files

}  // namespace hearth::web
