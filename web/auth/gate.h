// Keys at the door: who the caller is, what that is good for, and how often.
#pragma once

#include <optional>
#include <vector>

#include "web/auth/caller.h"
#include "web/auth/key_limits.h"
#include "web/auth/key_use.h"
#include "web/auth/lockout.h"
#include "web/http.h"
#include "web/keys.h"
#include "web/server.h"

namespace hearth::web {

/// What a route asks of its caller.
struct Needs {
    Scope scope = Scope::kAdmin;
    bool generation = false;  ///< it runs a model
};

/// Thread-safe.
class Gate {
  public:
    explicit Gate(const ServerOptions& options);

    /// Fills request.caller, or says why not: 401 without a good key, 403 when it is not good for this, 429 after too
    /// many wrong ones or beyond the key's limits. With neither a configured key nor one in the file everyone on this
    /// machine may do everything, and nobody from elsewhere. `headers` gets what the answer should tell about limits.
    std::optional<ApiError> admit(Request& request, const Needs& needs, std::vector<Header>& headers);
    /// Writes down when keys were used.
    Status save() { return use_.save(); }

  private:
    std::optional<ApiError> know(const Request& request, Caller& caller, std::optional<ApiKey>& key);
    std::optional<ApiError> within_limits(const ApiKey& key, const Needs& needs, Caller& caller,
                                          std::vector<Header>& headers);

    const std::string configured_key_;
    const bool on_loopback_;
    KeyFile keys_;
    KeyUse use_;
    Lockout lockout_;
    KeyLimits limits_;
};

}  // namespace hearth::web
