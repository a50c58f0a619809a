#include "web/openapi/route_doc.h"

namespace hearth::web {

std::string_view tool_schemas() {
    return R"({
"Tool": {"type": "object", "required": ["name", "description", "input_schema", "annotations"], "properties": {
  "name": {"type": "string"}, "description": {"type": "string"}, "input_schema": {"type": "object"}}},
"ToolList": {"type": "object", "required": ["tools"], "properties": {"tools": {"type": "array",
  "items": {"$ref": "#/components/schemas/Tool"}}}},
"ToolCall": {"type": "object", "properties": {"arguments": {"type": "object"}}},
"ToolResult": {"type": "object", "required": ["name", "text", "failed", "passages"], "properties": {
  "name": {"type": "string"}, "text": {"type": "string"}, "failed": {"type": "boolean"}, "passages": {"type": "array",
  "items": {"$ref": "#/components/schemas/Hit"}}, "data": {"anyOf": [{"$ref": "#/components/schemas/TableRows"},
  {"$ref": "#/components/schemas/TableList"}]}}},
"Table": {"type": "object", "required": ["name", "document_id", "path", "collection", "type", "title", "page",
  "row_count", "totals_row_left_out", "too_large"], "properties": {"name": {"type": "string"},
  "document_id": {"type": "string"}, "path": {"type": "string"}, "collection": {"type": "string"},
  "type": {"type": "string"}, "title": {"type": "string"}, "page": {"type": ["integer", "null"]},
  "row_count": {"type": "integer"}, "totals_row_left_out": {"type": "boolean"}, "too_large": {"type": "boolean"},
  "columns": {"type": "array", "items": {"type": "object", "required": ["name", "title", "type"], "properties": {
  "name": {"type": "string"}, "title": {"type": "string"},
  "type": {"enum": ["text", "number", "date", "boolean"]}}}}}},
"TableRows": {"type": "object", "required": ["columns", "rows", "cut", "tables"], "properties": {
  "columns": {"type": "array", "items": {"type": "string"}}, "rows": {"type": "array", "items": {"type": "array"}},
  "cut": {"type": "boolean"}, "tables": {"type": "array", "items": {"$ref": "#/components/schemas/Table"}}}},
"TableList": {"type": "object", "required": ["tables", "left_out"], "properties": {"tables": {"type": "array",
  "items": {"$ref": "#/components/schemas/Table"}}, "left_out": {"type": "integer"}}}
})";
}

}  // namespace hearth::web
