#include "web/openapi/route_doc.h"

namespace hearth::web {

std::string_view openai_schemas() {
    return R"({
"ErrorReply": {"type": "object", "required": ["error"], "properties": {"error": {"type": "object",
  "required": ["message", "type", "param", "code"], "properties": {"message": {"type": "string"},
  "type": {"type": "string"}, "param": {"type": ["string", "null"]}, "code": {"type": ["string", "null"]}}}}},
"ChatMessage": {"type": "object", "required": ["role"], "properties": {
  "role": {"enum": ["system", "developer", "user", "assistant", "tool"]},
  "content": {"type": ["string", "array", "null"], "items": {"type": "object"}},
  "tool_calls": {"type": ["array", "null"], "items": {"type": "object"}},
  "tool_call_id": {"type": ["string", "null"]}}},
"ChatCompletionRequest": {"type": "object", "required": ["model", "messages"], "properties": {
  "model": {"type": "string", "minLength": 1, "maxLength": 256},
  "messages": {"type": "array", "minItems": 1, "maxItems": 2000, "items": {"$ref": "#/components/schemas/ChatMessage"}},
  "stream": {"type": ["boolean", "null"]},
  "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
  "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
  "max_completion_tokens": {"type": ["integer", "null"], "minimum": 1, "maximum": 2147483647},
  "seed": {"type": ["integer", "null"], "minimum": -9223372036854775808, "maximum": 9223372036854775807},
  "tools": {"type": ["array", "null"], "maxItems": 128, "items": {"type": "object"}},
  "response_format": {"type": ["object", "null"]}, "hearth": {"type": ["object", "null"]}}},
"ChatCompletion": {"type": "object", "required": ["id", "object", "created", "model", "choices", "usage"],
  "properties": {"id": {"type": "string"}, "object": {"const": "chat.completion"}, "created": {"type": "integer"},
  "model": {"type": "string"}, "choices": {"type": "array", "items": {"type": "object",
  "required": ["index", "message", "finish_reason"]}}, "usage": {"$ref": "#/components/schemas/Object"}}},
"ResponsesRequest": {"type": "object", "required": ["model", "input"], "properties": {
  "model": {"type": "string", "minLength": 1, "maxLength": 256},
  "input": {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "maxItems": 2000, "items": {"type": "object",
    "required": ["role", "content"], "properties": {"type": {"const": "message"},
    "role": {"enum": ["system", "developer", "user", "assistant"]}, "content": {"type": "string"}}}}]},
  "instructions": {"type": ["string", "null"], "maxLength": 65536},
  "stream": {"type": ["boolean", "null"]}, "store": {"type": ["boolean", "null"]},
  "background": {"type": ["boolean", "null"]},
  "previous_response_id": {"type": ["string", "null"], "maxLength": 128},
  "max_output_tokens": {"type": ["integer", "null"], "minimum": 16, "maximum": 2147483647},
  "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2},
  "top_p": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
  "include": {"type": ["array", "null"], "items": {"type": "string"}},
  "tools": {"type": ["array", "null"], "items": {"type": "object", "required": ["type"], "properties": {
    "type": {"type": "string"}}}},
  "text": {"type": ["object", "null"]}, "metadata": {"type": ["object", "null"]}}},
"Response": {"type": "object", "required": ["id", "object", "created_at", "status", "model", "output", "error",
  "incomplete_details", "usage", "metadata"], "properties": {"id": {"type": "string"}, "object": {"const": "response"},
  "created_at": {"type": "integer"}, "status": {"enum": ["completed", "failed", "in_progress", "cancelled",
  "incomplete"]}, "model": {"type": "string"}, "output": {"type": "array", "items": {"type": "object",
  "required": ["id", "type", "status"]}}}},
"InputTokens": {"type": "object", "required": ["object", "input_tokens"], "properties": {
  "object": {"const": "response.input_tokens"}, "input_tokens": {"type": "integer"}}},
"ItemList": {"type": "object", "required": ["object", "data", "first_id", "last_id", "has_more"], "properties": {
  "object": {"const": "list"}, "data": {"type": "array", "items": {"type": "object", "required": ["id"]}},
  "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]},
  "has_more": {"type": "boolean"}}},
"Model": {"type": "object", "required": ["id", "object", "created", "owned_by"], "properties": {
  "id": {"type": "string"}, "object": {"const": "model"}, "created": {"type": "integer"},
  "owned_by": {"type": "string"}, "hearth": {"$ref": "#/components/schemas/ModelStateInfo"}}},
"ModelList": {"type": "object", "required": ["object", "data"], "properties": {"object": {"const": "list"},
  "data": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}}},
"EmbeddingsRequest": {"type": "object", "required": ["model", "input"], "properties": {
  "model": {"type": "string", "maxLength": 256},
  "input": {"anyOf": [{"type": "string", "minLength": 1},
    {"type": "array", "minItems": 1, "maxItems": 2048, "items": {"type": "string", "minLength": 1}}]},
  "dimensions": {"type": ["integer", "null"], "minimum": 1, "maximum": 65536},
  "encoding_format": {"enum": ["float", "base64", null]}}},
"EmbeddingsReply": {"type": "object", "required": ["object", "data", "model", "usage"], "properties": {
  "object": {"const": "list"}, "data": {"type": "array", "items": {"type": "object",
  "required": ["object", "index", "embedding"]}}, "model": {"type": "string"}}}
})";
}

}  // namespace hearth::web
