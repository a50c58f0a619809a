#include "web/auth/gate.h"

#include <ctime>

#include "core/hash.h"
#include "web/access.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

std::string_view given_key(const Request& request) {
    const std::string_view authorization = request.header("authorization");
    constexpr std::string_view kBearer = "bearer ";
    if (authorization.size() > kBearer.size() && lower_ascii(authorization.substr(0, kBearer.size())) == kBearer) {
        return authorization.substr(kBearer.size());
    }
    return request.header("x-api-key");
}

Scope scope_of(std::string_view name) {
    if (name == "admin") return Scope::kAdmin;
    return name == "write" ? Scope::kWrite : Scope::kRead;
}

ApiError no_key(bool given) {
    return {401,
            given ? "the API key is not valid (any more)"
                  : "an API key is required: send it as 'Authorization: Bearer KEY' or 'x-api-key'",
            "authentication_error",
            {},
            "invalid_api_key",
            {}};
}

ApiError too_many(std::string message, std::string code, std::chrono::milliseconds wait) {
    return {429, std::move(message), "rate_limit_exceeded", {}, std::move(code), wait};
}

}  // namespace

Gate::Gate(const ServerOptions& options)
    : configured_key_(options.api_key),
      on_loopback_(is_loopback(options.address)),
      keys_(keys_path(options.state_directory)),
      use_(options.state_directory) {}

/// A key out of the file is 256 random bits, which nobody guesses: it passes while its address waits, so that one
/// program behind a shared address cannot lock out the others.
std::optional<ApiError> Gate::know(const Request& request, Caller& caller, std::optional<ApiKey>& key) {
    const std::string_view given = given_key(request);
    if (given.empty()) return no_key(false);
    key = keys_.find(given, std::time(nullptr));
    if (key) {
        caller = {key->name, scope_of(key->scope), nullptr, key->id};
        use_.note(key->id, std::time(nullptr));
        return std::nullopt;
    }
    const auto now = Lockout::Clock::now();
    if (const auto wait = lockout_.wait_for(request.peer, now); wait.count() > 0) {
        return too_many("too many wrong keys came from your address; try again later", "too_many_wrong_keys", wait);
    }
    if (!configured_key_.empty() && same_digest(sha256_hex(given), sha256_hex(std::string_view(configured_key_)))) {
        lockout_.succeeded(request.peer);
        caller = {{}, Scope::kAdmin, nullptr};
        return std::nullopt;
    }
    lockout_.failed(request.peer, now);
    return no_key(true);
}

std::optional<ApiError> Gate::within_limits(const ApiKey& key, const Needs& needs, Caller& caller,
                                            std::vector<Header>& headers) {
    if (key.limits.requests_per_minute > 0) {
        const auto rate = limits_.take_request(key.id, key.limits.requests_per_minute, KeyLimits::Clock::now());
        headers = rate_headers(rate);
        if (!rate.allowed) {
            return too_many(
                "the key '" + key.name + "' is good for " + std::to_string(rate.limit) + " requests a minute",
                "rate_limit_exceeded", rate.next);
        }
    }
    if (!needs.generation || key.limits.generations == 0) return std::nullopt;
    caller.generation = limits_.take_generation(key.id, key.limits.generations);
    if (caller.generation) return std::nullopt;
    return too_many("the key '" + key.name + "' has " + std::to_string(key.limits.generations) +
                        " answers in work, which is all it may have at once",
                    "rate_limit_exceeded", kRetryAfter);
}

std::optional<ApiError> Gate::admit(Request& request, const Needs& needs, std::vector<Header>& headers) {
    if (needs.scope == Scope::kPublic) return std::nullopt;
    Caller& caller = request.caller;
    if (configured_key_.empty() && (on_loopback_ || request.local) && !keys_.required()) {
        caller.scope = Scope::kAdmin;
        return std::nullopt;
    }
    std::optional<ApiKey> key;
    if (auto stranger = know(request, caller, key)) return stranger;
    if (caller.scope < needs.scope) {
        return ApiError{403,
                        "the key '" + caller.name + "' is good for '" + scope_name(caller.scope) + "'; this needs '" +
                            scope_name(needs.scope) + "'",
                        "permission_error",
                        {},
                        "insufficient_scope",
                        {}};
    }
    return key ? within_limits(*key, needs, caller, headers) : std::nullopt;
}

}  // namespace hearth::web
