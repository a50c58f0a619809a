#include "web/openapi/route_doc.h"

namespace hearth::web {

std::string_view store_schemas() {
    return R"({
"File": {"type": "object", "required": ["id", "object", "bytes", "created_at", "filename", "purpose", "status"],
  "properties": {"id": {"type": "string"}, "object": {"const": "file"}, "bytes": {"type": "integer"},
  "created_at": {"type": "integer"}, "filename": {"type": "string"}, "purpose": {"type": "string"},
  "status": {"enum": ["uploaded", "processed", "error"]}}},
"VectorStoreRequest": {"type": "object", "properties": {
  "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 200, "pattern": "^[A-Za-z0-9_-]+$"},
  "file_ids": {"type": ["array", "null"], "items": {"type": "string"}}}},
"VectorStore": {"type": "object", "required": ["id", "object", "created_at", "name", "usage_bytes", "file_counts",
  "status", "last_active_at", "metadata"], "properties": {"id": {"type": "string"},
  "object": {"const": "vector_store"}, "name": {"type": "string"}, "status": {"enum": ["in_progress", "completed"]}}},
"AttachRequest": {"type": "object", "required": ["file_id"], "properties": {
  "file_id": {"type": "string", "minLength": 1, "maxLength": 128}}},
"VectorStoreFile": {"type": "object", "required": ["id", "object", "created_at", "vector_store_id", "usage_bytes",
  "status", "last_error"], "properties": {"id": {"type": "string"}, "object": {"const": "vector_store.file"},
  "status": {"enum": ["in_progress", "completed", "failed"]}}},
"VectorStoreSearch": {"type": "object", "required": ["query"], "properties": {
  "query": {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 2048},
    {"type": "array", "minItems": 1, "maxItems": 8, "items": {"type": "string", "minLength": 1, "maxLength": 2048}}]},
  "max_num_results": {"type": ["integer", "null"], "minimum": 1, "maximum": 50}}},
"VectorStoreResults": {"type": "object", "required": ["object", "search_query", "data", "has_more", "next_page"],
  "properties": {"object": {"const": "vector_store.search_results.page"}, "data": {"type": "array"},
  "has_more": {"type": "boolean"}}}
})";
}

}  // namespace hearth::web
