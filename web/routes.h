// The route tables of the routes_*.cpp files.
#pragma once

#include <span>

#include "web/router.h"

namespace hearth::web {

std::span<const Route> chat_routes();             ///< POST /v1/chat/completions
std::span<const Route> anthropic_routes();        ///< /v1/messages
std::span<const Route> ollama_generate_routes();  ///< /api/chat, /api/generate
std::span<const Route> ollama_model_routes();     ///< the rest of /api
std::span<const Route> completion_routes();       ///< /v1/completions
std::span<const Route> token_routes();            ///< /tokenize, /detokenize, /apply-template
std::span<const Route> rerank_routes();           ///< /rerank
std::span<const Route> model_routes();            ///< /v1/models, /v1/embeddings
std::span<const Route> search_routes();           ///< /v1/search
std::span<const Route> document_routes();         ///< /v1/documents
std::span<const Route> ingest_routes();           ///< /v1/ingest
std::span<const Route> admin_routes();            ///< health, metrics, status
std::span<const Route> openapi_routes();          ///< /openapi.json, /docs
std::span<const Route> response_routes();         ///< /v1/responses
std::span<const Route> file_routes();             ///< /v1/files
std::span<const Route> vector_store_routes();
std::span<const Route> receipt_routes();  ///< /v1/answers
std::span<const Route> tool_routes();     ///< /v1/tools, /v1/collections
std::span<const Route> event_routes();    ///< /v1/events
std::span<const Route> audit_routes();    ///< /v1/audit
const Route& static_file_route();         ///< the chat page's files

}  // namespace hearth::web
