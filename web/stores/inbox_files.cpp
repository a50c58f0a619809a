#include "web/stores/inbox_files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "core/hash.h"
#include "web/stores/collections.h"
#include "web/stores/file_ids.h"

namespace hearth::web {
namespace {

constexpr std::string_view kDefaultPurpose = "assistants";

InboxFile of_document(const retrieval::DocumentStatus& document, const FileIds& ids) {
    InboxFile out;
    out.path = document.document.path;
    out.id = ids.id_of(out.path);
    const KnownFile* known = ids.known(out.path);
    out.purpose = known != nullptr ? known->purpose : std::string(kDefaultPurpose);
    out.created = known != nullptr ? known->created : document.file.modified_ns / 1'000'000'000;
    out.bytes = document.file.size_bytes;
    out.document = document;
    return out;
}

/// An uploaded file that the record does not know yet; empty when it is not on the disk (any more).
std::optional<InboxFile> on_disk(const App& app, const KnownFile& known) {
    struct stat status {};
    const std::string path = app.options().inbox_directory + "/" + known.path;
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return InboxFile{known.id, known.path, known.purpose, known.created, status.st_size, std::nullopt};
}

}  // namespace

std::string collection_of(const std::string& path) {
    const std::size_t slash = path.find('/');
    return slash == std::string::npos ? std::string(kDefaultCollection) : path.substr(0, slash);
}

Result<std::vector<InboxFile>> list_files(const App& app) {
    const retrieval::Corpus* corpus = app.services().corpus;
    if (corpus == nullptr) return Error(ErrorCode::kUnavailable, "hearth is starting: " + app.why_not_ready());
    HEARTH_TRY(const std::vector<retrieval::DocumentStatus> documents, corpus->documents());
    const FileIds ids(app.store());
    std::vector<InboxFile> out;
    for (const auto& document : documents) out.push_back(of_document(document, ids));
    for (const KnownFile& known : ids.all()) {
        const bool listed = std::any_of(documents.begin(), documents.end(),
                                        [&](const auto& document) { return document.document.path == known.path; });
        if (listed) continue;
        if (auto file = on_disk(app, known)) out.push_back(std::move(*file));
    }
    std::sort(out.begin(), out.end(), [](const InboxFile& a, const InboxFile& b) {
        return std::tie(a.created, a.path) < std::tie(b.created, b.path);
    });
    return out;
}

Result<InboxFile> find_file(const App& app, const std::string& id) {
    HEARTH_TRY(std::vector<InboxFile> all, list_files(app));
    const auto found = std::find_if(all.begin(), all.end(), [&](const InboxFile& file) { return file.id == id; });
    if (found != all.end()) return std::move(*found);
    return Error(ErrorCode::kNotFound, "there is no file '" + id + "'");
}

Result<InboxFile> add_file(App& app, std::string_view bytes, const std::string& name, const std::string& purpose) {
    if (app.store() == nullptr) {
        return Error(ErrorCode::kUnavailable, "files get no ids: hearth could not open its file for them");
    }
    HEARTH_TRY(const std::string safe, safe_file_name(name));
    if (bytes.empty()) return Error(ErrorCode::kInvalidArgument, safe + " is empty: there is nothing to index");
    const std::string& inbox = app.options().inbox_directory;
    HEARTH_TRY(UploadFile upload, UploadFile::create(inbox));
    HEARTH_TRY_STATUS(upload.append(bytes));
    HEARTH_TRY(const std::string given, upload.publish(inbox, safe));
    const KnownFile known{"file-" + random_hex(12), given, purpose, std::time(nullptr)};
    HEARTH_TRY_STATUS(app.store()->put_file(known));
    if (auto* pipeline = app.services().pipeline) pipeline->rescan();
    return InboxFile{known.id, given, purpose, known.created, static_cast<std::int64_t>(bytes.size()), std::nullopt};
}

Status move_file(App& app, const InboxFile& file, const std::string& collection) {
    if (app.store() == nullptr) return Error(ErrorCode::kUnavailable, "files keep no ids here");
    const std::string& inbox = app.options().inbox_directory;
    const std::string folder = collection == kDefaultCollection ? "." : collection;
    const std::filesystem::path old(file.path);
    HEARTH_TRY(const std::filesystem::path from, folder_in_inbox(inbox, old.parent_path()));
    HEARTH_TRY(const std::filesystem::path to, folder_in_inbox(inbox, folder));
    const std::string name = old.filename().string();
    if (::renameat2(AT_FDCWD, (from / name).c_str(), AT_FDCWD, (to / name).c_str(), RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST) {
            return Error(ErrorCode::kAlreadyExists, "there is a file '" + name + "' in '" + collection + "' already");
        }
        return errno_error("move", file.path, errno);
    }
    HEARTH_TRY_STATUS(sync_directory(to.string()));
    HEARTH_TRY_STATUS(sync_directory(from.string()));
    const std::string path = collection == kDefaultCollection ? name : collection + "/" + name;
    HEARTH_TRY_STATUS(app.store()->put_file({file.id, path, file.purpose, file.created}));
    if (auto* pipeline = app.services().pipeline) pipeline->rescan();
    return {};
}

Status delete_file(App& app, const InboxFile& file) {
    HEARTH_TRY_STATUS(remove_inbox_file(app.options().inbox_directory, file.path));
    if (app.store() != nullptr) HEARTH_TRY_STATUS(app.store()->forget_file(file.id));
    if (auto* pipeline = app.services().pipeline) pipeline->rescan();
    return {};
}

Status remove_inbox_file(const std::string& inbox, const std::string& relative) {
    const std::filesystem::path path(relative);
    HEARTH_TRY(const std::filesystem::path folder, folder_in_inbox(inbox, path.parent_path()));
    const std::string file = (folder / path.filename()).string();
    if (::unlink(file.c_str()) != 0) {
        if (errno == ENOENT) return {};  // gone already: the rescan will notice
        return errno_error("remove", relative, errno);
    }
    return sync_directory(folder.string());
}

}  // namespace hearth::web
