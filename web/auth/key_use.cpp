#include "web/auth/key_use.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "web/keys.h"

namespace hearth::web {
namespace {

constexpr std::size_t kMaxFileBytes = 1u << 20;

}  // namespace

std::string key_use_path(const std::string& home) {
    return home.empty() ? std::string() : home + "/keys_used.json";
}

std::map<std::string, std::int64_t> load_key_use(const std::string& path) {
    std::map<std::string, std::int64_t> out;
    const auto text = read_file(path, kMaxFileBytes);
    if (!text.ok()) return out;
    const auto parsed = parse_json(*text);
    if (!parsed.ok() || !parsed->is_object()) return out;
    for (const auto& [id, time] : parsed->items()) {
        if (time.is_number_integer()) out[id] = time.get<std::int64_t>();
    }
    return out;
}

KeyUse::KeyUse(const std::string& home)
    : path_(key_use_path(home)), keys_path_(keys_path(home)), times_(load_key_use(path_)) {}

void KeyUse::note(const std::string& id, std::int64_t now) {
    const std::lock_guard lock(mutex_);
    std::int64_t& time = times_[id];
    changed_ = changed_ || time != now;
    time = now;
}

Status KeyUse::save() {
    const std::lock_guard lock(mutex_);
    if (!changed_ || path_.empty()) return {};
    const auto keys = load_keys(keys_path_);
    if (keys.ok()) {
        std::erase_if(times_, [&](const auto& entry) {
            return std::none_of(keys->begin(), keys->end(), [&](const ApiKey& key) { return key.id == entry.first; });
        });
    }
    HEARTH_TRY_STATUS(atomic_write_file(path_, dump_json(nlohmann::json(times_), 2) + "\n"));
    changed_ = false;
    return {};
}

}  // namespace hearth::web
