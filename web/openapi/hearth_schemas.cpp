#include "web/openapi/route_doc.h"

namespace hearth::web {

std::string_view hearth_schemas() {
    return R"({
"Object": {"type": "object"},
"Text": {"type": "string"},
"FileForm": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}},
"Health": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
"Accepted": {"type": "object", "required": ["accepted"], "properties": {"accepted": {"const": true}}},
"Deleted": {"type": "object", "required": ["id", "deleted"], "properties": {"id": {"type": "string"},
  "deleted": {"const": true}}},
"AuditEntries": {"type": "object", "required": ["data"], "properties": {"data": {"type": "array", "items": {
  "type": "object", "required": ["time", "request", "key", "name", "peer", "method", "route", "path", "status"],
  "properties": {"time": {"type": "integer"}, "status": {"type": "integer"}, "path": {"type": "string"}}}}}},
"Mismatches": {"type": "object", "required": ["mismatches"], "properties": {"mismatches": {"type": "array",
  "items": {"type": "string"}}}},
"Status": {"type": "object", "required": ["version", "ready", "reason", "inbox", "uptime_seconds", "generation",
  "limits"], "properties": {"version": {"type": "string"}, "ready": {"type": "boolean"}, "reason": {"type": "string"},
  "uptime_seconds": {"type": "integer"}}},
"Receipt": {"type": "object", "required": ["id", "object", "created_at", "request", "engine", "index_generation",
  "documents", "sources", "text", "text_sha256", "usage", "timings"], "properties": {"id": {"type": "string"},
  "object": {"const": "hearth.receipt"}, "text": {"type": "string"}}},
"ModelStateInfo": {"type": "object", "required": ["state", "default", "in_use", "file_bytes"], "properties": {
  "state": {"enum": ["unloaded", "loading", "loaded"]}, "default": {"type": "boolean"},
  "in_use": {"type": "integer"}, "file_bytes": {"type": "integer"}, "memory_bytes": {"type": ["integer", "null"]},
  "context_tokens": {"type": ["integer", "null"]}, "expires_at": {"type": ["string", "null"]},
  "problem": {"type": ["string", "null"]}}},
"Replay": {"type": "object", "required": ["id", "object", "reproduced", "text", "replayed_text", "changes"],
  "properties": {"object": {"const": "hearth.replay"}, "reproduced": {"type": "boolean"}, "changes": {"type": "array",
  "items": {"type": "object", "required": ["what", "before", "after"]}}}},
"Collection": {"type": "object", "required": ["name", "vector_store_id", "documents", "states"], "properties": {
  "name": {"type": "string"}, "vector_store_id": {"type": "string"}, "documents": {"type": "integer"},
  "states": {"type": "object", "additionalProperties": {"type": "integer"}}}},
"CollectionList": {"type": "object", "required": ["collections"], "properties": {"collections": {"type": "array",
  "items": {"$ref": "#/components/schemas/Collection"}}}},
"Span": {"type": "object", "required": ["start", "end"], "properties": {"start": {"type": "integer"},
  "end": {"type": "integer"}}},
"DocumentRef": {"type": "object", "required": ["id", "path", "type", "collection"], "properties": {
  "id": {"type": "string"}, "path": {"type": "string"}, "type": {"type": "string"}, "collection": {"type": "string"}}},
"Document": {"allOf": [{"$ref": "#/components/schemas/DocumentRef"}, {"type": "object",
  "required": ["state", "reason", "remedy", "chunks", "size_bytes", "title", "content_sha256"], "properties": {
  "state": {"enum": ["queued", "processing", "indexed", "failed"]}, "reason": {"type": "string"},
  "remedy": {"type": "string"}, "chunks": {"type": "integer"}, "size_bytes": {"type": "integer"},
  "title": {"type": "string"}, "content_sha256": {"type": "string"}}}]},
"DocumentList": {"type": "object", "required": ["documents"], "properties": {"documents": {"type": "array",
  "items": {"$ref": "#/components/schemas/Document"}}}},
"UploadReply": {"type": "object", "required": ["files"], "properties": {"files": {"type": "array", "items": {
  "type": "object", "required": ["name", "size_bytes"]}}}},
"Passage": {"type": "object", "required": ["document", "title", "requested", "window", "text", "document_bytes"],
  "properties": {"document": {"$ref": "#/components/schemas/DocumentRef"}, "title": {"type": "string"},
  "requested": {"$ref": "#/components/schemas/Span"}, "window": {"$ref": "#/components/schemas/Span"},
  "text": {"type": "string"}, "document_bytes": {"type": "integer"}}},
"SearchRequest": {"type": "object", "required": ["q"], "properties": {
  "q": {"type": "string", "minLength": 1, "maxLength": 8192},
  "k": {"type": ["integer", "null"], "minimum": 1, "maximum": 200},
  "collection": {"type": ["string", "null"], "maxLength": 255}, "path": {"type": ["string", "null"], "maxLength": 4096},
  "type": {"type": ["string", "null"], "maxLength": 64}}},
"Hit": {"type": "object", "required": ["document", "chunk", "text", "score", "scores"], "properties": {
  "document": {"$ref": "#/components/schemas/DocumentRef"}, "text": {"type": "string"}, "score": {"type": "number"}}},
"SearchReply": {"type": "object", "required": ["results", "took_ms"], "properties": {"results": {"type": "array",
  "items": {"$ref": "#/components/schemas/Hit"}}, "took_ms": {"type": "number"}}}
})";
}

}  // namespace hearth::web
