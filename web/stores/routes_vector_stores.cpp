// /v1/vector_stores: the collections under the name that OpenAI's clients have for them.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "web/app.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/routes.h"
#include "web/stores/collections.h"
#include "web/stores/file_ids.h"
#include "web/stores/inbox_files.h"
#include "web/stores/store_search.h"

namespace hearth::web {
namespace {

using nlohmann::json;
using retrieval::DocumentState;

void fail(ResponseWriter& writer, const Error& error) {
    writer.send(error_response(api_error(error)));
}
void reply(ResponseWriter& writer, const json& body) {
    writer.send(json_response(dump_json(body)));
}
void reply_page(ResponseWriter& writer, json items, const Request& request) {
    const auto page = page_of(std::move(items), request);
    if (auto* error = std::get_if<ApiError>(&page)) {
        writer.send(error_response(*error));
    } else {
        reply(writer, std::get<json>(page));
    }
}

json store_json(const Collection& collection, const std::vector<InboxFile>& files) {
    std::int64_t bytes = 0;
    int working = 0;
    int completed = 0;
    int failed = 0;
    for (const InboxFile& file : files) {
        if (collection_of(file.path) != collection.name) continue;
        bytes += file.bytes;
        const DocumentState state = file.document ? file.document->state : DocumentState::kQueued;
        ++(state == DocumentState::kIndexed ? completed : state == DocumentState::kFailed ? failed : working);
    }
    return {{"id", store_id_of(collection.name)},
            {"object", "vector_store"},
            {"created_at", collection.created},
            {"name", collection.name},
            {"usage_bytes", bytes},
            {"file_counts",
             {{"in_progress", working},
              {"completed", completed},
              {"failed", failed},
              {"cancelled", 0},
              {"total", working + completed + failed}}},
            {"status", working > 0 ? "in_progress" : "completed"},
            {"last_active_at", collection.created},
            {"metadata", json::object()}};
}

json store_file_json(const InboxFile& file) {
    const DocumentState state = file.document ? file.document->state : DocumentState::kQueued;
    const bool failed = state == DocumentState::kFailed;
    json error = nullptr;
    if (failed) {
        error = {{"code", "invalid_file"}, {"message", file.document->reason + "; " + file.document->remedy}};
    }
    return {{"id", file.id},
            {"object", "vector_store.file"},
            {"created_at", file.created},
            {"vector_store_id", store_id_of(collection_of(file.path))},
            {"usage_bytes", file.bytes},
            {"status", failed                             ? "failed"
                       : state == DocumentState::kIndexed ? "completed"
                                                          : "in_progress"},
            {"last_error", error},
            {"attributes", json::object()},
            {"chunking_strategy", {{"type", "other"}}}};
}

/// A file of the store that the path names; kNotFound when it lies elsewhere.
Result<InboxFile> file_of_store(const App& app, const Request& request) {
    HEARTH_TRY(const std::string collection, find_collection(app, request.captures.at(0)));
    HEARTH_TRY(InboxFile file, find_file(app, request.captures.at(1)));
    if (collection_of(file.path) == collection) return file;
    return Error(ErrorCode::kNotFound, "the file '" + file.id + "' is not in '" + collection + "'");
}

Status attach(App& app, const std::string& file_id, const std::string& collection) {
    HEARTH_TRY(const InboxFile file, find_file(app, file_id));
    const std::string now = collection_of(file.path);
    if (now == collection) return {};
    if (now == kDefaultCollection) return move_file(app, file, collection);
    return Error(ErrorCode::kAlreadyExists,
                 "the file is in '" + now + "', and a file lies in one collection: take it out there first");
}

std::variant<json, ApiError> object_of(const Request& request) {
    auto parsed = parse_json(request.body.empty() ? "{}" : request.body);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    if (!parsed->is_object()) return bad_request("the body must be a JSON object");
    return std::move(*parsed);
}

void list_stores(App& app, Request& request, ResponseWriter& writer) {
    const auto collections = list_collections(app);
    if (!collections.ok()) return fail(writer, collections.error());
    const auto files = list_files(app);
    if (!files.ok()) return fail(writer, files.error());
    json items = json::array();
    for (const Collection& collection : *collections) items.push_back(store_json(collection, *files));
    const bool ascending = request.parameter("order").value_or("desc") == "asc";
    std::stable_sort(items.begin(), items.end(), [&](const json& a, const json& b) {
        return ascending ? a["created_at"] < b["created_at"] : b["created_at"] < a["created_at"];
    });
    reply_page(writer, std::move(items), request);
}

void send_store(App& app, const std::string& name, ResponseWriter& writer) {
    const auto collection = get_collection(app, name);
    if (!collection.ok()) return fail(writer, collection.error());
    const auto files = list_files(app);
    if (!files.ok()) return fail(writer, files.error());
    reply(writer, store_json(*collection, *files));
}

void create_store(App& app, Request& request, ResponseWriter& writer) {
    const auto body = object_of(request);
    if (auto* error = std::get_if<ApiError>(&body)) return void(writer.send(error_response(*error)));
    FieldReader fields(std::get<json>(body));
    const std::string name = fields.text("name", 200).value_or("store-" + random_hex(4));
    const json* files = fields.array("file_ids");
    const json* metadata = fields.object("metadata");
    if (metadata != nullptr && !metadata->empty()) fields.fail("metadata", "is not kept; leave it out");
    for (const json& id : files == nullptr ? json::array() : *files) {
        if (!id.is_string()) fields.fail("file_ids", "must be strings");
    }
    if (fields.error()) return void(writer.send(error_response(*fields.error())));
    const Status created = create_collection(app, name);
    if (!created.ok()) return fail(writer, created.error());
    for (const json& id : files == nullptr ? json::array() : *files) {
        const Status attached = attach(app, id.get<std::string>(), name);
        if (!attached.ok()) return fail(writer, attached.error());
    }
    send_store(app, name, writer);
}

void get_store(App& app, Request& request, ResponseWriter& writer) {
    send_store(app, request.captures.at(0), writer);
}

void delete_store(App& app, Request& request, ResponseWriter& writer) {
    const auto name = find_collection(app, request.captures.at(0));
    if (!name.ok()) return fail(writer, name.error());
    const Status removed = remove_collection(app, *name);
    if (!removed.ok()) return fail(writer, removed.error());
    reply(writer, {{"id", store_id_of(*name)}, {"object", "vector_store.deleted"}, {"deleted", true}});
}

void list_store_files(App& app, Request& request, ResponseWriter& writer) {
    const auto collection = find_collection(app, request.captures.at(0));
    if (!collection.ok()) return fail(writer, collection.error());
    const auto files = list_files(app);
    if (!files.ok()) return fail(writer, files.error());
    const std::string filter = request.parameter("filter").value_or("");
    json items = json::array();
    for (const InboxFile& file : *files) {
        if (collection_of(file.path) != *collection) continue;
        json item = store_file_json(file);
        if (filter.empty() || item["status"] == filter) items.push_back(std::move(item));
    }
    if (request.parameter("order").value_or("desc") == "desc") std::reverse(items.begin(), items.end());
    reply_page(writer, std::move(items), request);
}

void attach_file(App& app, Request& request, ResponseWriter& writer) {
    const auto body = object_of(request);
    if (auto* error = std::get_if<ApiError>(&body)) return void(writer.send(error_response(*error)));
    FieldReader fields(std::get<json>(body));
    const std::string id = fields.text("file_id", 128).value_or("");
    if (id.empty()) fields.fail("file_id", "is missing");
    const json* attributes = fields.object("attributes");
    if (attributes != nullptr && !attributes->empty()) fields.fail("attributes", "are not kept; leave them out");
    if (fields.error()) return void(writer.send(error_response(*fields.error())));
    const auto collection = find_collection(app, request.captures.at(0));
    if (!collection.ok()) return fail(writer, collection.error());
    const Status attached = attach(app, id, *collection);
    if (!attached.ok()) return fail(writer, attached.error());
    const auto file = find_file(app, id);
    if (!file.ok()) return fail(writer, file.error());
    reply(writer, store_file_json(*file));
}

void get_store_file(App& app, Request& request, ResponseWriter& writer) {
    const auto file = file_of_store(app, request);
    if (!file.ok()) return fail(writer, file.error());
    reply(writer, store_file_json(*file));
}

/// The file stays, in the folder itself.
void detach_file(App& app, Request& request, ResponseWriter& writer) {
    const auto file = file_of_store(app, request);
    if (!file.ok()) return fail(writer, file.error());
    if (collection_of(file->path) == kDefaultCollection) {
        return fail(writer,
                    Error(ErrorCode::kAlreadyExists, "what lies in no folder is in this store; delete the file"));
    }
    const Status moved = move_file(app, *file, std::string(kDefaultCollection));
    if (!moved.ok()) return fail(writer, moved.error());
    reply(writer, {{"id", file->id}, {"object", "vector_store.file.deleted"}, {"deleted", true}});
}

void search_store(App& app, Request& request, ResponseWriter& writer) {
    const auto body = object_of(request);
    if (auto* error = std::get_if<ApiError>(&body)) return void(writer.send(error_response(*error)));
    const auto collection = find_collection(app, request.captures.at(0));
    if (!collection.ok()) return fail(writer, collection.error());
    const auto found = search_collection(app, *collection, std::get<json>(body));
    if (auto* error = std::get_if<ApiError>(&found)) return void(writer.send(error_response(*error)));
    reply(writer, std::get<json>(found));
}

constexpr Lane kShort = Lane::kShort;

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/vector_stores", kShort, BodyKind::kNone, Scope::kRead, list_stores},
    {Method::kPost, "/v1/vector_stores", kShort, BodyKind::kMemory, Scope::kWrite, create_store},
    {Method::kGet, "/v1/vector_stores/{}", kShort, BodyKind::kNone, Scope::kRead, get_store},
    {Method::kDelete, "/v1/vector_stores/{}", kShort, BodyKind::kNone, Scope::kWrite, delete_store},
    {Method::kGet, "/v1/vector_stores/{}/files", kShort, BodyKind::kNone, Scope::kRead, list_store_files},
    {Method::kPost, "/v1/vector_stores/{}/files", kShort, BodyKind::kMemory, Scope::kWrite, attach_file},
    {Method::kGet, "/v1/vector_stores/{}/files/{}", kShort, BodyKind::kNone, Scope::kRead, get_store_file},
    {Method::kDelete, "/v1/vector_stores/{}/files/{}", kShort, BodyKind::kNone, Scope::kWrite, detach_file},
    {Method::kPost, "/v1/vector_stores/{}/search", kShort, BodyKind::kMemory, Scope::kRead, search_store},
};

}  // namespace

std::span<const Route> vector_store_routes() {
    return kRoutes;
}

}  // namespace hearth::web
