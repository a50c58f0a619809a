// PUBLIC. API keys in one small file of hearth's home: made and revoked by the command line, checked by the server.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace hearth::web {

/// 0 = no limit of its own.
struct KeyLimitsSetting {
    std::int64_t requests_per_minute = 0;
    std::int64_t generations = 0;  ///< answers in work at once
};

/// What is kept of a key: never the key itself.
struct ApiKey {
    std::string id;    ///< eight hex digits, to revoke it by
    std::string name;  ///< whose it is
    std::string sha256;
    std::string scope;         ///< "read", "write" or "admin"
    std::int64_t created = 0;  ///< UNIX seconds
    std::int64_t expires = 0;  ///< UNIX seconds; 0 = never
    KeyLimitsSetting limits;
};

struct NewKey {
    ApiKey key;
    std::string secret;  ///< "hearth_" and 64 hex digits: shown once
};

/// Empty for an empty home: then there are no keys.
std::string keys_path(const std::string& home);

std::string key_use_path(const std::string& home);
/// When each key was last used, as of some minutes ago: UNIX seconds by id. A file that cannot be read counts as empty.
std::map<std::string, std::int64_t> load_key_use(const std::string& path);

/// Takes as long for every pair of texts of the same length.
bool same_digest(std::string_view a, std::string_view b);

/// Empty when there is no file. kDataLoss names a file that is not as add_key() writes it.
Result<std::vector<ApiKey>> load_keys(const std::string& path);
/// Processes may add and revoke at once; the file is replaced as a whole, so that after a crash it is the old or the
/// new one. kInvalidArgument for a name of 0 or more than 100 bytes and an unknown scope.
Result<NewKey> add_key(const std::string& path, const std::string& name, const std::string& scope, std::int64_t expires,
                       const KeyLimitsSetting& limits = {});
/// kNotFound when there is no key with that id.
Status revoke_key(const std::string& path, const std::string& id);

/// The server's view: reads the file again when it has changed. Thread-safe.
class KeyFile {
  public:
    explicit KeyFile(std::string path) : path_(std::move(path)) {}
    /// True when there are keys, expired ones too, or the file cannot be read: then nobody gets in without one.
    bool required();
    /// The key with this secret that has not expired at `now`. The time taken tells nothing about the stored hashes.
    std::optional<ApiKey> find(std::string_view secret, std::int64_t now);

  private:
    void refresh_locked();

    const std::string path_;
    std::mutex mutex_;
    std::string stamp_;  ///< of the file that was read last
    std::vector<ApiKey> keys_;
    bool unreadable_ = false;
};

}  // namespace hearth::web
