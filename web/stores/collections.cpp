#include "web/stores/collections.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "core/file.h"
#include "web/json_fields.h"
#include "web/limits.h"
#include "web/stores/file_ids.h"

namespace hearth::web {
namespace {

using nlohmann::json;

std::int64_t changed_at(const std::filesystem::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mtim.tv_sec : 0;
}

std::string folder_of(const App& app, const std::string& name) {
    const std::string& inbox = app.options().inbox_directory;
    return name == kDefaultCollection ? inbox : inbox + "/" + name;
}

}  // namespace

Result<std::vector<Collection>> list_collections(const App& app) {
    const retrieval::Corpus* corpus = app.services().corpus;
    if (corpus == nullptr) return Error(ErrorCode::kUnavailable, "hearth is starting: " + app.why_not_ready());
    HEARTH_TRY(std::vector<retrieval::DocumentStatus> documents, corpus->documents());
    std::map<std::string, Collection> by_name;
    by_name[std::string(kDefaultCollection)];
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(app.options().inbox_directory, ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with('.') && entry.symlink_status(ignored).type() == std::filesystem::file_type::directory) {
            by_name[name];
        }
    }
    for (auto& document : documents) by_name[document.document.collection].documents.push_back(std::move(document));
    std::vector<Collection> out;
    for (auto& [name, collection] : by_name) {
        collection.name = name;
        collection.created = changed_at(folder_of(app, name));
        out.push_back(std::move(collection));
    }
    return out;
}

Result<Collection> get_collection(const App& app, const std::string& name_or_id) {
    HEARTH_TRY(std::vector<Collection> all, list_collections(app));
    for (Collection& collection : all) {
        if (collection.name == name_or_id || store_id_of(collection.name) == name_or_id) return std::move(collection);
    }
    return Error(ErrorCode::kNotFound, "there is no collection '" + name_or_id + "'");
}

Result<std::string> find_collection(const App& app, const std::string& name_or_id) {
    HEARTH_TRY(Collection collection, get_collection(app, name_or_id));
    return std::move(collection.name);
}

Status create_collection(const App& app, const std::string& name) {
    HEARTH_TRY(const std::string safe, safe_file_name(name));
    if (safe != name) return Error(ErrorCode::kInvalidArgument, "'" + name + "' is not one folder's name");
    const std::string folder = folder_of(app, name);
    if (name == kDefaultCollection || ::mkdir(folder.c_str(), 0700) != 0) {
        if (name == kDefaultCollection || errno == EEXIST) {
            return Error(ErrorCode::kAlreadyExists, "there is a collection '" + name + "' already");
        }
        return errno_error("create", name, errno);
    }
    return sync_directory(app.options().inbox_directory);
}

Status remove_collection(const App& app, const std::string& name) {
    if (name == kDefaultCollection) {
        return Error(ErrorCode::kAlreadyExists, "the folder itself is a collection that always is");
    }
    if (::rmdir(folder_of(app, name).c_str()) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST) {
            return Error(ErrorCode::kAlreadyExists,
                         "the collection '" + name + "' holds files: take them out or delete them first");
        }
        return errno_error("remove", name, errno);
    }
    return sync_directory(app.options().inbox_directory);
}

Result<std::filesystem::path> folder_in_inbox(const std::string& inbox, const std::filesystem::path& relative) {
    std::error_code error;
    const auto root = std::filesystem::canonical(inbox, error);
    if (error) return Error(ErrorCode::kUnavailable, "the inbox " + inbox + " cannot be opened: " + error.message());
    const auto folder = std::filesystem::canonical(root / relative, error);
    if (error) return Error(ErrorCode::kNotFound, relative.string() + " is not in the inbox any more");
    const auto inside = folder.lexically_relative(root);
    if (inside.empty() || *inside.begin() == "..") {
        return Error(ErrorCode::kPermissionDenied, "'" + relative.string() + "' leads out of the inbox");
    }
    return folder;
}

std::variant<json, ApiError> page_of(json items, const Request& request) {
    const auto limit = limit_parameter(request, kMaxPageItems);
    if (!limit) return bad_request("'limit' must be an integer from 1 to " + std::to_string(kMaxPageItems), "limit");
    const auto place = [&](const std::string& id) {
        return std::find_if(items.begin(), items.end(), [&](const json& item) { return item["id"] == id; });
    };
    if (const auto before = request.parameter("before")) items.erase(place(*before), items.end());
    if (const auto after = request.parameter("after")) {
        const auto found = place(*after);
        if (found != items.end()) items.erase(items.begin(), found + 1);
    }
    const bool more = items.size() > static_cast<std::size_t>(*limit);
    if (more) items.erase(items.begin() + *limit, items.end());
    const json first = items.empty() ? json(nullptr) : items.front()["id"];
    const json last = items.empty() ? json(nullptr) : items.back()["id"];
    return json{
        {"object", "list"}, {"data", std::move(items)}, {"first_id", first}, {"last_id", last}, {"has_more", more}};
}

}  // namespace hearth::web
