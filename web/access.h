// Who may talk to the server: the guards every request passes before its route sees it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "web/error_map.h"
#include "web/http.h"
#include "web/server.h"

namespace hearth::web {

/// "127.0.0.1", "::1", "localhost" and the rest of 127/8.
bool is_loopback(std::string_view address) noexcept;

/// The host of "name:port", "[::1]:port" or "name", lower case, without brackets. Empty when malformed.
std::string host_of_authority(std::string_view authority);

/// Host header: exactly one, and localhost, the address itself, a name of ServerOptions::allowed_hosts or, off the
/// loopback, an IP address: a rebound DNS name of a web page is refused (421).
std::optional<ApiError> check_host(const Request& request, const ServerOptions& options);

/// Requests that change something must not come from a page of another origin (403).
std::optional<ApiError> check_origin(const Request& request);

}  // namespace hearth::web
