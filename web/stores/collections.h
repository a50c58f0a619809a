// Collections are the folders of the inbox, also the empty ones, and what OpenAI's clients call vector stores.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "retrieval/types.h"
#include "web/app.h"

namespace hearth::web {

constexpr std::string_view kDefaultCollection = "default";  ///< files that lie in no folder

struct Collection {
    std::string name;
    std::int64_t created = 0;  ///< UNIX seconds; of the folder
    std::vector<retrieval::DocumentStatus> documents;
};

/// By name. kUnavailable while the record is not open.
Result<std::vector<Collection>> list_collections(const App& app);
Result<Collection> get_collection(const App& app, const std::string& name_or_id);
/// The name of the collection with that name or vector store id; kNotFound.
Result<std::string> find_collection(const App& app, const std::string& name_or_id);
/// Creates the folder. kAlreadyExists when there is one; kInvalidArgument for what is no folder name.
Status create_collection(const App& app, const std::string& name);
/// Removes an empty folder; kAlreadyExists (409) when files lie in it.
Status remove_collection(const App& app, const std::string& name);

/// A folder's real path, provided it lies under the inbox: no symbolic link may lead out of it.
Result<std::filesystem::path> folder_in_inbox(const std::string& inbox, const std::filesystem::path& relative);

/// {"object":"list","data","first_id","last_id","has_more"} by the query's limit, after and before. The items are in
/// their final order and have ids.
std::variant<nlohmann::json, ApiError> page_of(nlohmann::json items, const Request& request);

}  // namespace hearth::web
