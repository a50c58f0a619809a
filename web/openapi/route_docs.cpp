#include "web/openapi/route_doc.h"

namespace hearth::web {
namespace {

constexpr Method kGet = Method::kGet;
constexpr Method kPost = Method::kPost;
constexpr Method kDelete = Method::kDelete;
constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";

constexpr RouteDoc kDocs[] = {
    {kPost, "/v1/chat/completions", "createChatCompletion", "chat",
     "Answers from the documents, or plain generation when there are tools, a response_format or "
     "hearth.retrieval=false.",
     "", "ChatCompletionRequest", "ChatCompletion", 200, "application/json", true},
    {kPost, "/v1/responses", "createResponse", "responses",
     "Answers from the documents with file_citation annotations, or plain generation when there are function tools or "
     "a text.format.",
     "", "ResponsesRequest", "Response", 200, "application/json", true},
    {kPost, "/v1/responses/input_tokens", "countInputTokens", "responses", "Length of the prompt in tokens.", "",
     "ResponsesRequest", "InputTokens"},
    {kGet, "/v1/responses/{}", "getResponse", "responses", "A kept response.", "", "", "Response"},
    {kDelete, "/v1/responses/{}", "deleteResponse", "responses",
     "Forgets it and its receipt. One in work is stopped and answered 409: delete it again then.", "", "", "Deleted"},
    {kPost, "/v1/responses/{}/cancel", "cancelResponse", "responses", "Stops it when it runs.", "", "", "Response"},
    {kGet, "/v1/responses/{}/input_items", "listInputItems", "responses", "The input it was made from.",
     "limit order after", "", "ItemList"},
    {kGet, "/v1/answers/{}/receipt", "getReceipt", "receipts",
     "What an answer was made of: documents by hash, spans, scores, index generation, model, template, seed, timings.",
     "", "", "Receipt"},
    {kPost, "/v1/answers/{}/replay", "replayAnswer", "receipts",
     "Asks again: the same text byte for byte, or what has changed since.", "", "", "Replay"},
    {kGet, "/v1/models", "listModels", "models", "What can chat.", "", "", "ModelList"},
    {kGet, "/v1/models/{}", "getModel", "models", "One model.", "", "", "Model"},
    {kPost, "/v1/embeddings", "createEmbeddings", "models", "Vectors of texts.", "", "EmbeddingsRequest",
     "EmbeddingsReply"},
    {kGet, "/v1/search", "search", "documents", "Hybrid search over the documents.", "q k collection path type", "",
     "SearchReply"},
    {kPost, "/v1/search", "searchByBody", "documents", "The same with the query in the body.", "", "SearchRequest",
     "SearchReply"},
    {kGet, "/v1/documents", "listDocuments", "documents", "Every file with its state.", "collection", "",
     "DocumentList"},
    {kPost, "/v1/documents", "uploadDocument", "documents",
     "Puts files into the folder: a form with file parts, or the file's bytes with its name in the query.",
     "name collection", "", "UploadReply", 201},
    {kGet, "/v1/documents/{}", "getDocument", "documents", "One document's state.", "", "", "Document"},
    {kDelete, "/v1/documents/{}", "deleteDocument", "documents", "Removes the file from the folder.", "", "",
     "Deleted"},
    {kGet, "/v1/documents/{}/passage", "readPassage", "documents",
     "Bytes [start, end) of the document's text with their surroundings.", "start end context", "", "Passage"},
    {kPost, "/v1/files", "createFile", "files", "Puts a file into the folder and gives it an id.", "", "", "File"},
    {kGet, "/v1/files", "listFiles", "files", "Every file.", "purpose limit order after", "", "ItemList"},
    {kGet, "/v1/files/{}", "getFile", "files", "One file; its status tells how far reading it is.", "", "", "File"},
    {kGet, "/v1/files/{}/content", "getFileContent", "files", "The file's bytes.", "", "", "Text", 200,
     "application/octet-stream"},
    {kDelete, "/v1/files/{}", "deleteFile", "files", "Removes the file from the folder.", "", "", "Deleted"},
    {kGet, "/v1/vector_stores", "listVectorStores", "vector stores", "The collections: folders of the inbox.",
     "limit order after before", "", "ItemList"},
    {kPost, "/v1/vector_stores", "createVectorStore", "vector stores", "Makes a folder, and moves files there.", "",
     "VectorStoreRequest", "VectorStore"},
    {kGet, "/v1/vector_stores/{}", "getVectorStore", "vector stores", "One collection, by its id or its name.", "", "",
     "VectorStore"},
    {kDelete, "/v1/vector_stores/{}", "deleteVectorStore", "vector stores", "Removes an empty folder.", "", "",
     "Deleted"},
    {kGet, "/v1/vector_stores/{}/files", "listVectorStoreFiles", "vector stores", "The files of a collection.",
     "filter limit order after before", "", "ItemList"},
    {kPost, "/v1/vector_stores/{}/files", "attachFile", "vector stores",
     "Moves a file there. A file lies in one collection.", "", "AttachRequest", "VectorStoreFile"},
    {kGet, "/v1/vector_stores/{}/files/{}", "getVectorStoreFile", "vector stores", "State of one file.", "", "",
     "VectorStoreFile"},
    {kDelete, "/v1/vector_stores/{}/files/{}", "detachFile", "vector stores",
     "Moves the file out of the collection, into the folder itself.", "", "", "Deleted"},
    {kPost, "/v1/vector_stores/{}/search", "searchVectorStore", "vector stores", "Hybrid search in one collection.", "",
     "VectorStoreSearch", "VectorStoreResults"},
    {kGet, "/v1/collections", "listCollections", "documents",
     "The folders of the inbox with the states of their files.", "", "", "CollectionList"},
    {kGet, "/v1/collections/{}", "getCollection", "documents", "One of them, by name or id.", "", "", "Collection"},
    {kGet, "/v1/tools", "listTools", "tools", "The tools of the answering loop. All only read.", "", "", "ToolList"},
    {kGet, "/v1/tools/{}", "getTool", "tools", "One tool with its schema.", "", "", "Tool"},
    {kPost, "/v1/tools/{}/call", "callTool", "tools",
     "Calls it. Wrong arguments are a failed result that says what to do differently.", "", "ToolCall", "ToolResult"},
    {kGet, "/v1/events", "events", "health",
     "Server-sent events 'ingest', 'engine' and 'answers': each the whole state of its part, when it changes.", "", "",
     "Text", 200, "text/event-stream; charset=utf-8"},
    {kPost, "/v1/ingest/rescan", "rescan", "ingest", "Compares the folder with the record now.", "", "", "Accepted",
     202},
    {kPost, "/v1/ingest/confirm-deletes", "confirmDeletes", "ingest",
     "Lets deletions through that were held because too many files vanished at once.", "", "", "Accepted", 202},
    {kGet, "/healthz", "healthz", "health", "The process answers.", "", "", "Health"},
    {kGet, "/livez", "livez", "health", "The process answers.", "", "", "Health"},
    {kGet, "/readyz", "readyz", "health", "Questions are answered; 503 says what is missing.", "", "", "Health"},
    {kGet, "/metrics", "metrics", "health", "Prometheus metrics.", "", "", "Text", 200, kText},
    {kGet, "/v1/status", "status", "health", "What the page shows of engine, folder and memory.", "", "", "Status"},
    {kGet, "/v1/verify", "verify", "health", "Recounts the whole record.", "", "", "Mismatches"},
    {kGet, "/openapi.json", "openapi", "health", "This document.", "", "", "Object"},
    {kGet, "/docs", "docs", "health", "This document as a page.", "", "", "Text", 200, "text/html; charset=utf-8"},
};

}  // namespace

std::span<const RouteDoc> route_docs() {
    return kDocs;
}

std::string_view query_parameters() {
    return R"({
"q": {"name": "q", "in": "query", "required": true, "description": "the words to search for",
  "schema": {"type": "string", "minLength": 1, "maxLength": 8192}},
"k": {"name": "k", "in": "query", "description": "how many results",
  "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 10}},
"collection": {"name": "collection", "in": "query", "description": "only this collection: the path's first folder",
  "schema": {"type": "string", "maxLength": 255}},
"path": {"name": "path", "in": "query", "description": "only paths that match this glob",
  "schema": {"type": "string", "maxLength": 4096}},
"type": {"name": "type", "in": "query", "description": "only this type, such as pdf",
  "schema": {"type": "string", "maxLength": 64}},
"name": {"name": "name", "in": "query", "description": "the file's name when the body is its bytes",
  "schema": {"type": "string"}},
"limit": {"name": "limit", "in": "query", "description": "how many at most",
  "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 20}},
"order": {"name": "order", "in": "query", "description": "by time", "schema": {"enum": ["asc", "desc"]}},
"after": {"name": "after", "in": "query", "description": "begin behind the item with this id",
  "schema": {"type": "string"}},
"before": {"name": "before", "in": "query", "description": "end before the item with this id",
  "schema": {"type": "string"}},
"purpose": {"name": "purpose", "in": "query", "description": "only files with this purpose",
  "schema": {"type": "string"}},
"filter": {"name": "filter", "in": "query", "description": "only files in this state",
  "schema": {"enum": ["in_progress", "completed", "failed", "cancelled"]}},
"start": {"name": "start", "in": "query", "description": "first byte",
  "schema": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 0}},
"end": {"name": "end", "in": "query", "description": "one past the last byte",
  "schema": {"type": "integer", "minimum": 0, "maximum": 9007199254740991}},
"context": {"name": "context", "in": "query", "description": "bytes shown on both sides",
  "schema": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 1200}}
})";
}

}  // namespace hearth::web
