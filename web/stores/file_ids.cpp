#include "web/stores/file_ids.h"

#include <algorithm>

#include "core/hash.h"
#include "core/log.h"

namespace hearth::web {
namespace {

constexpr std::size_t kIdDigits = 24;

}  // namespace

FileIds::FileIds(AnswerStore* store) {
    if (store == nullptr) return;
    auto known = store->files();
    if (known.ok()) {
        known_ = std::move(*known);
    } else {
        HEARTH_LOG(kWarn, "web", "file_ids_unreadable", {{"error", known.error().message}});
    }
}

const KnownFile* FileIds::known(const std::string& path) const {
    const auto found = std::find_if(known_.begin(), known_.end(), [&](const KnownFile& f) { return f.path == path; });
    return found == known_.end() ? nullptr : &*found;
}

std::string FileIds::id_of(const std::string& path) const {
    const KnownFile* file = known(path);
    return file != nullptr ? file->id : "file-" + sha256_hex(std::string_view(path)).substr(0, kIdDigits);
}

std::string store_id_of(const std::string& collection) {
    return "vs_" + sha256_hex(std::string_view(collection)).substr(0, kIdDigits);
}

}  // namespace hearth::web
