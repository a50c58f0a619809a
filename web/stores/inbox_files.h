// Files of the inbox by the ids that OpenAI's clients use: looked up, put in, moved between collections, taken out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "web/app.h"

namespace hearth::web {

struct InboxFile {
    std::string id;
    std::string path;  ///< relative to the inbox
    std::string purpose;
    std::int64_t created = 0;  ///< UNIX seconds
    std::int64_t bytes = 0;
    std::optional<retrieval::DocumentStatus> document;  ///< empty until ingest has seen the file
};

/// Everything in the record, and what was uploaded and is not there yet. Oldest first.
Result<std::vector<InboxFile>> list_files(const App& app);
/// kNotFound names the id.
Result<InboxFile> find_file(const App& app, const std::string& id);
/// Publishes the bytes in the inbox under `name` and gives them an id.
Result<InboxFile> add_file(App& app, std::string_view bytes, const std::string& name, const std::string& purpose);
/// Moves the file, which keeps its id. `collection` is a name. kAlreadyExists when the name is taken there.
Status move_file(App& app, const InboxFile& file, const std::string& collection);
Status delete_file(App& app, const InboxFile& file);
/// The collection of a path: its first folder.
std::string collection_of(const std::string& path);

/// Unlinks a file of the inbox durably; a file that is gone already is fine.
Status remove_inbox_file(const std::string& inbox, const std::string& relative);

}  // namespace hearth::web
