#include "web/keys.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"

namespace hearth::web {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxFileBytes = 1u << 20;
constexpr std::size_t kMaxNameBytes = 100;
constexpr std::size_t kSecretBytes = 32;

bool is_scope(std::string_view scope) {
    return scope == "read" || scope == "write" || scope == "admin";
}

json key_json(const ApiKey& key) {
    return {{"id", key.id},
            {"name", key.name},
            {"sha256", key.sha256},
            {"scope", key.scope},
            {"created", key.created},
            {"expires", key.expires},
            {"requests_per_minute", key.limits.requests_per_minute},
            {"generations", key.limits.generations}};
}

/// A file from before there were limits has none.
bool read_limit(const json& value, const char* name, std::int64_t& out) {
    if (!value.contains(name)) return true;
    if (!value[name].is_number_integer() || value[name].get<std::int64_t>() < 0) return false;
    out = value[name];
    return true;
}

std::optional<ApiKey> key_of(const json& value) {
    if (!value.is_object()) return std::nullopt;
    for (const char* text : {"id", "name", "sha256", "scope"}) {
        if (!value.contains(text) || !value[text].is_string()) return std::nullopt;
    }
    for (const char* number : {"created", "expires"}) {
        if (!value.contains(number) || !value[number].is_number_integer()) return std::nullopt;
    }
    ApiKey out{value["id"], value["name"], value["sha256"], value["scope"], value["created"], value["expires"], {}};
    if (!read_limit(value, "requests_per_minute", out.limits.requests_per_minute) ||
        !read_limit(value, "generations", out.limits.generations)) {
        return std::nullopt;
    }
    if (!is_scope(out.scope) || out.sha256.size() != 64) return std::nullopt;
    return out;
}

/// Held while the file is read, changed and replaced.
Result<UniqueFd> lock_keys(const std::string& path) {
    const std::string lock = path + ".lock";
    UniqueFd fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) return errno_error("open", lock, errno);
    while (::flock(fd.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return errno_error("lock", lock, errno);
    }
    return fd;
}

Status write_keys(const std::string& path, const std::vector<ApiKey>& keys) {
    json list = json::array();
    for (const ApiKey& key : keys) list.push_back(key_json(key));
    return atomic_write_file(path, dump_json({{"keys", std::move(list)}}, 2) + "\n");
}

/// Differs whenever the file was replaced; empty when there is none.
std::string stamp_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    return std::to_string(status.st_ino) + ":" + std::to_string(status.st_size) + ":" +
           std::to_string(status.st_ctim.tv_sec) + "." + std::to_string(status.st_ctim.tv_nsec);
}

}  // namespace

bool same_digest(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    }
    return difference == 0;
}

std::string keys_path(const std::string& home) {
    return home.empty() ? std::string() : home + "/keys.json";
}

Result<std::vector<ApiKey>> load_keys(const std::string& path) {
    const auto text = read_file(path, kMaxFileBytes);
    if (!text.ok() && text.error().code == ErrorCode::kNotFound) return std::vector<ApiKey>{};
    if (!text.ok()) return text.error();
    const Error damaged(ErrorCode::kDataLoss, path + " is damaged: remove it, and add the keys again");
    const auto parsed = parse_json(*text);
    if (!parsed.ok() || !parsed->is_object() || !parsed->contains("keys") || !(*parsed)["keys"].is_array()) {
        return damaged;
    }
    std::vector<ApiKey> out;
    for (const json& entry : (*parsed)["keys"]) {
        auto key = key_of(entry);
        if (!key) return damaged;
        out.push_back(std::move(*key));
    }
    return out;
}

Result<NewKey> add_key(const std::string& path, const std::string& name, const std::string& scope, std::int64_t expires,
                       const KeyLimitsSetting& limits) {
    if (name.empty() || name.size() > kMaxNameBytes) {
        return Error(ErrorCode::kInvalidArgument, "a key's name has 1 to 100 bytes");
    }
    if (!is_scope(scope)) return Error(ErrorCode::kInvalidArgument, "a key's scope is read, write or admin");
    HEARTH_TRY(const UniqueFd lock, lock_keys(path));
    HEARTH_TRY(std::vector<ApiKey> keys, load_keys(path));
    NewKey out;
    out.secret = "hearth_" + random_hex(kSecretBytes);
    out.key = {random_hex(4), name,  sha256_hex(std::string_view(out.secret)), scope, std::time(nullptr),
               expires,       limits};
    keys.push_back(out.key);
    HEARTH_TRY_STATUS(write_keys(path, keys));
    return out;
}

Status revoke_key(const std::string& path, const std::string& id) {
    HEARTH_TRY(const UniqueFd lock, lock_keys(path));
    HEARTH_TRY(std::vector<ApiKey> keys, load_keys(path));
    if (std::erase_if(keys, [&](const ApiKey& key) { return key.id == id; }) == 0) {
        return Error(ErrorCode::kNotFound, "there is no key '" + id + "'; `hearth keys list` shows them");
    }
    return write_keys(path, keys);
}

void KeyFile::refresh_locked() {
    std::string stamp = stamp_of(path_);
    if (stamp == stamp_) return;
    auto keys = load_keys(path_);
    unreadable_ = !keys.ok();
    keys_ = keys.ok() ? std::move(*keys) : std::vector<ApiKey>{};
    if (unreadable_) HEARTH_LOG(kError, "web", "keys_unreadable", {{"error", keys.error().message}});
    stamp_ = std::move(stamp);
}

bool KeyFile::required() {
    const std::lock_guard lock(mutex_);
    refresh_locked();
    return unreadable_ || !keys_.empty();
}

std::optional<ApiKey> KeyFile::find(std::string_view secret, std::int64_t now) {
    const std::string digest = sha256_hex(secret);
    const std::lock_guard lock(mutex_);
    refresh_locked();
    const ApiKey* found = nullptr;
    for (const ApiKey& key : keys_) {
        if (same_digest(key.sha256, digest)) found = &key;
    }
    if (found == nullptr || (found->expires != 0 && now >= found->expires)) return std::nullopt;
    return *found;
}

}  // namespace hearth::web
