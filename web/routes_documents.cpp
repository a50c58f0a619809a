// /v1/documents: what is in the folder, reading passages, putting files in and taking them out.
#include <charconv>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "web/app.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/multipart.h"
#include "web/routes.h"
#include "web/stores/collections.h"
#include "web/stores/inbox_files.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

void fail(ResponseWriter& writer, const Error& error) {
    writer.send(error_response(api_error(error)));
}

/// The corpus, or null after a 503 was sent.
retrieval::Corpus* corpus_or_fail(App& app, ResponseWriter& writer) {
    retrieval::Corpus* corpus = app.services().corpus;
    if (corpus == nullptr) writer.send(error_response(not_ready(app.why_not_ready())));
    return corpus;
}

/// True after a 400 for a query parameter that is none of `known`.
bool refuse_parameters(const Request& request, ResponseWriter& writer, std::initializer_list<std::string_view> known) {
    const auto error = unknown_parameter(request, known);
    if (error) writer.send(error_response(*error));
    return error.has_value();
}

void list_documents(App& app, Request& request, ResponseWriter& writer) {
    if (refuse_parameters(request, writer, {"collection"})) return;
    retrieval::Corpus* corpus = corpus_or_fail(app, writer);
    if (corpus == nullptr) return;
    const auto documents = corpus->documents(request.parameter("collection").value_or(""));
    if (!documents.ok()) return fail(writer, documents.error());
    json data = json::array();
    for (const auto& document : *documents) data.push_back(to_json(document));
    writer.send(json_response(dump_json({{"documents", std::move(data)}})));
}

void get_document(App& app, Request& request, ResponseWriter& writer) {
    retrieval::Corpus* corpus = corpus_or_fail(app, writer);
    if (corpus == nullptr) return;
    const auto document = corpus->document(request.captures.at(0));
    if (!document.ok()) return fail(writer, document.error());
    writer.send(json_response(dump_json(to_json(*document))));
}

/// A non-negative number; `fallback` when absent.
Result<std::size_t> size_parameter(const Request& request, const char* name, std::size_t fallback) {
    const auto text = request.parameter(name);
    if (!text) return fallback;
    std::size_t value = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
    if (parsed.ec == std::errc() && parsed.ptr == text->data() + text->size()) return value;
    return Error(ErrorCode::kInvalidArgument, std::string("'") + name + "' must be a number of bytes");
}

Result<retrieval::Passage> read_passage(const Request& request, const retrieval::Corpus& corpus) {
    HEARTH_TRY(const std::size_t start, size_parameter(request, "start", 0));
    HEARTH_TRY(const std::size_t end, size_parameter(request, "end", start));
    HEARTH_TRY(const std::size_t context, size_parameter(request, "context", 1200));
    if (end < start) return Error(ErrorCode::kInvalidArgument, "'end' lies before 'start'");
    return corpus.passage(request.captures.at(0), {start, end}, std::min(context, kMaxPassageContextBytes));
}

void get_passage(App& app, Request& request, ResponseWriter& writer) {
    if (refuse_parameters(request, writer, {"start", "end", "context"})) return;
    retrieval::Corpus* corpus = corpus_or_fail(app, writer);
    if (corpus == nullptr) return;
    const auto passage = read_passage(request, *corpus);
    if (!passage.ok()) return fail(writer, passage.error());
    writer.send(json_response(dump_json(to_json(*passage))));
}

void delete_document(App& app, Request& request, ResponseWriter& writer) {
    retrieval::Corpus* corpus = corpus_or_fail(app, writer);
    if (corpus == nullptr) return;
    const auto document = corpus->document(request.captures.at(0));
    if (!document.ok()) return fail(writer, document.error());
    const std::string& path = document->document.path;
    const Status removed = remove_inbox_file(app.options().inbox_directory, path);
    if (!removed.ok()) return fail(writer, removed.error());
    HEARTH_LOG(kInfo, "web", "document_removed", {{"request", request.id}, {"path", path}});
    if (auto* pipeline = app.services().pipeline) pipeline->rescan();
    writer.send(json_response(dump_json({{"id", document->document.id}, {"path", path}, {"deleted", true}})));
}

Result<std::string> upload_directory(const App& app, const Request& request) {
    const auto collection = request.parameter("collection");
    const std::string& inbox = app.options().inbox_directory;
    if (!collection || collection->empty() || *collection == "default") return inbox;
    HEARTH_TRY(const std::string name, safe_file_name(*collection));
    if (name != *collection) return Error(ErrorCode::kInvalidArgument, "'collection' must be one folder name");
    HEARTH_TRY_STATUS(make_directories(inbox + "/" + name));
    HEARTH_TRY(const std::filesystem::path folder, folder_in_inbox(inbox, name));
    return folder.string();
}

/// What an upload came to: the files that are in the folder now, and the failure that ended it.
struct Stored {
    json files = json::array();
    std::optional<ApiError> failure;
};

ApiError upload_error(const Error& error) {
    ApiError out = api_error(error);
    if (error.code == ErrorCode::kResourceExhausted) out.status = 507;
    return out;
}

Result<json> publish(UploadFile& file, const std::string& directory, const std::string& raw_name) {
    HEARTH_TRY(const std::string name, safe_file_name(raw_name));
    if (file.size() == 0) return Error(ErrorCode::kInvalidArgument, name + " is empty: there is nothing to index");
    HEARTH_TRY(const std::string given, file.publish(directory, name));
    return json{{"name", given}, {"size_bytes", file.size()}};
}

Result<json> publish_part(const FormPart& part, const std::string& directory) {
    HEARTH_TRY(UploadFile file, UploadFile::create(directory));
    HEARTH_TRY_STATUS(file.append(part.content));
    return publish(file, directory, part.file_name);
}

/// Each file part of the form becomes a file of its own, up to the first that cannot.
Stored publish_form(const std::vector<FormPart>& parts, const std::string& directory, std::int64_t max_bytes) {
    Stored stored;
    for (const FormPart& part : parts) {
        if (part.file_name.empty()) continue;
        if (static_cast<std::int64_t>(part.content.size()) > max_bytes) {
            stored.failure = too_large(part.file_name, static_cast<std::int64_t>(part.content.size()), max_bytes);
            return stored;
        }
        auto entry = publish_part(part, directory);
        if (!entry.ok()) {
            stored.failure = upload_error(entry.error());
            stored.failure->message = part.file_name + ": " + stored.failure->message;
            return stored;
        }
        stored.files.push_back(std::move(*entry));
    }
    if (stored.files.empty()) stored.failure = bad_request("the form holds no file");
    return stored;
}

Result<Stored> store_upload(App& app, Request& request) {
    if (!request.upload) return Error(ErrorCode::kInvalidArgument, "the request has no body: send the file's bytes");
    HEARTH_TRY(const std::string directory, upload_directory(app, request));
    const std::string boundary = multipart_boundary(request.header("content-type"));
    const std::int64_t limit = app.options().max_upload_bytes;
    if (!boundary.empty()) {
        HEARTH_TRY(const MappedFile mapped, MappedFile::open(request.upload->path()));
        const std::string_view body(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size());
        HEARTH_TRY(const std::vector<FormPart> parts, parse_multipart(body, boundary));
        return publish_form(parts, directory, limit);
    }
    Stored stored;
    if (request.upload->size() > limit) {
        stored.failure = too_large("the file", request.upload->size(), limit);
        return stored;
    }
    HEARTH_TRY(json entry, publish(*request.upload, directory, request.parameter("name").value_or("")));
    stored.files.push_back(std::move(entry));
    return stored;
}

/// 201 with the files; a failure also names the files that were stored before it.
void upload_document(App& app, Request& request, ResponseWriter& writer) {
    if (refuse_parameters(request, writer, {"collection", "name"})) return;
    auto stored = store_upload(app, request);
    if (!stored.ok()) {
        writer.send(error_response(upload_error(stored.error())));
        return;
    }
    if (!stored->files.empty()) {
        HEARTH_LOG(kInfo, "web", "uploaded", {{"request", request.id}, {"files", stored->files.size()}});
        if (auto* pipeline = app.services().pipeline) pipeline->rescan();
    }
    Response response = stored->failure ? error_response(*stored->failure) : json_response("{}", 201);
    json body = json::parse(response.body);
    body["files"] = std::move(stored->files);
    response.body = dump_json(body);
    writer.send(std::move(response));
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/documents", Lane::kShort, BodyKind::kNone, Scope::kRead, list_documents},
    {Method::kPost, "/v1/documents", Lane::kShort, BodyKind::kFile, Scope::kWrite, upload_document},
    {Method::kGet, "/v1/documents/{}", Lane::kShort, BodyKind::kNone, Scope::kRead, get_document},
    {Method::kDelete, "/v1/documents/{}", Lane::kShort, BodyKind::kNone, Scope::kWrite, delete_document},
    {Method::kGet, "/v1/documents/{}/passage", Lane::kShort, BodyKind::kNone, Scope::kRead, get_passage},
};

}  // namespace

std::span<const Route> document_routes() {
    return kRoutes;
}

}  // namespace hearth::web
