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
"start": {"name": "start", "in": "query", "description": "first byte",
  "schema": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 0}},
"end": {"name": "end", "in": "query", "description": "one past the last byte",
  "schema": {"type": "integer", "minimum": 0, "maximum": 9007199254740991}},
"context": {"name": "context", "in": "query", "description": "bytes shown on both sides",
  "schema": {"type": "integer", "minimum": 0, "maximum": 9007199254740991, "default": 1200}}
})";
}

}  // namespace hearth::web
