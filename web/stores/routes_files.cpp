// /v1/files: the inbox's files as OpenAI's clients upload, list, read and delete them.
#include <array>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/app.h"
#include "web/limits.h"
#include "web/multipart.h"
#include "web/routes.h"
#include "web/stores/collections.h"
#include "web/stores/inbox_files.h"

namespace hearth::web {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> kPurposes{"assistants", "batch", "fine-tune", "vision", "user_data", "evals"};

json file_json(const InboxFile& file) {
    const bool known = file.document.has_value();
    const auto state = known ? file.document->state : retrieval::DocumentState::kQueued;
    const bool failed = state == retrieval::DocumentState::kFailed;
    const char* status = failed ? "error" : state == retrieval::DocumentState::kIndexed ? "processed" : "uploaded";
    return {{"id", file.id},
            {"object", "file"},
            {"bytes", file.bytes},
            {"created_at", file.created},
            {"filename", file.path},
            {"purpose", file.purpose},
            {"status", status},
            {"status_details", failed ? json(file.document->reason + "; " + file.document->remedy) : json(nullptr)}};
}

void fail(ResponseWriter& writer, const Error& error) {
    writer.send(error_response(api_error(error)));
}

struct UploadForm {
    std::string_view bytes;
    std::string name;
    std::string purpose;
};

std::variant<UploadForm, ApiError> read_form(const std::vector<FormPart>& parts) {
    UploadForm form;
    bool has_file = false;
    for (const FormPart& part : parts) {
        if (part.name == "purpose") form.purpose = std::string(part.content);
        if (part.name != "file" || part.file_name.empty()) continue;
        form.bytes = part.content;
        form.name = part.file_name;
        has_file = true;
    }
    if (!has_file) return bad_request("the form needs a part 'file' with a file name", "file");
    if (std::find(kPurposes.begin(), kPurposes.end(), form.purpose) == kPurposes.end()) {
        return bad_request("'purpose' must be assistants, batch, fine-tune, vision, user_data or evals", "purpose");
    }
    return form;
}

void create_file(App& app, Request& request, ResponseWriter& writer) {
    const std::string boundary = multipart_boundary(request.header("content-type"));
    if (!request.upload || boundary.empty()) {
        writer.send(error_response(bad_request("send the file as multipart/form-data", "file")));
        return;
    }
    const auto mapped = MappedFile::open(request.upload->path());
    if (!mapped.ok()) return fail(writer, mapped.error());
    const std::string_view body(reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size());
    const auto parts = parse_multipart(body, boundary);
    if (!parts.ok()) return fail(writer, parts.error());
    const auto form = read_form(*parts);
    if (auto* error = std::get_if<ApiError>(&form)) {
        writer.send(error_response(*error));
        return;
    }
    const auto& wanted = std::get<UploadForm>(form);
    const auto file = add_file(app, wanted.bytes, wanted.name, wanted.purpose);
    if (!file.ok()) return fail(writer, file.error());
    writer.send(json_response(dump_json(file_json(*file))));
}

void get_files(App& app, Request& request, ResponseWriter& writer) {
    const auto files = list_files(app);
    if (!files.ok()) return fail(writer, files.error());
    const std::string purpose = request.parameter("purpose").value_or("");
    json items = json::array();
    for (const InboxFile& file : *files) {
        if (purpose.empty() || file.purpose == purpose) items.push_back(file_json(file));
    }
    if (request.parameter("order").value_or("desc") == "desc") std::reverse(items.begin(), items.end());
    const auto page = page_of(std::move(items), request);
    if (auto* error = std::get_if<ApiError>(&page)) {
        writer.send(error_response(*error));
        return;
    }
    writer.send(json_response(dump_json(std::get<json>(page))));
}

void get_file(App& app, Request& request, ResponseWriter& writer) {
    const auto file = find_file(app, request.captures.at(0));
    if (!file.ok()) return fail(writer, file.error());
    writer.send(json_response(dump_json(file_json(*file))));
}

void get_content(App& app, Request& request, ResponseWriter& writer) {
    const auto file = find_file(app, request.captures.at(0));
    if (!file.ok()) return fail(writer, file.error());
    const std::filesystem::path path(file->path);
    const auto folder = folder_in_inbox(app.options().inbox_directory, path.parent_path());
    if (!folder.ok()) return fail(writer, folder.error());
    const std::filesystem::path target = *folder / path.filename();
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(target, ignored))) {
        return fail(writer, Error(ErrorCode::kNotFound, file->path + " is not in the folder any more"));
    }
    auto bytes = read_file(target.string(), kMaxFileContentBytes);
    if (!bytes.ok()) return fail(writer, bytes.error());
    Response response;
    response.set("Content-Type", "application/octet-stream");
    response.body = std::move(*bytes);
    writer.send(std::move(response));
}

void delete_file_by_id(App& app, Request& request, ResponseWriter& writer) {
    const auto file = find_file(app, request.captures.at(0));
    if (!file.ok()) return fail(writer, file.error());
    const Status deleted = delete_file(app, *file);
    if (!deleted.ok()) return fail(writer, deleted.error());
    writer.send(json_response(dump_json({{"id", file->id}, {"object", "file"}, {"deleted", true}})));
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/v1/files", Lane::kShort, BodyKind::kFile, Scope::kWrite, create_file},
    {Method::kGet, "/v1/files", Lane::kShort, BodyKind::kNone, Scope::kRead, get_files},
    {Method::kGet, "/v1/files/{}", Lane::kShort, BodyKind::kNone, Scope::kRead, get_file},
    {Method::kGet, "/v1/files/{}/content", Lane::kShort, BodyKind::kNone, Scope::kRead, get_content},
    {Method::kDelete, "/v1/files/{}", Lane::kShort, BodyKind::kNone, Scope::kWrite, delete_file_by_id},
};

}  // namespace

std::span<const Route> file_routes() {
    return kRoutes;
}

}  // namespace hearth::web
