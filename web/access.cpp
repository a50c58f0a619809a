#include "web/access.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

namespace hearth::web {
namespace {

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_ip_address(const std::string& host) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 || ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

bool is_loopback(std::string_view address) noexcept {
    return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::string host_of_authority(std::string_view authority) {
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return {};
        const std::string_view rest = authority.substr(close + 1);
        if (!rest.empty() && (rest.front() != ':' || !all_digits(rest.substr(1)))) return {};
        return lower_ascii(authority.substr(1, close - 1));
    }
    const std::size_t colon = authority.find(':');
    if (colon != std::string_view::npos && !all_digits(authority.substr(colon + 1))) return {};
    return lower_ascii(authority.substr(0, colon));
}

std::optional<ApiError> check_host(const Request& request, const ServerOptions& options) {
    const std::string host = host_of_authority(request.header("host"));
    if (host.empty()) return bad_request("the request needs exactly one well-formed Host header");
    const bool listed = std::any_of(options.allowed_hosts.begin(), options.allowed_hosts.end(),
                                    [&](const std::string& allowed) { return lower_ascii(allowed) == host; });
    const bool own = host == "localhost" || host == "127.0.0.1" || host == "::1";
    if (listed || own || host == lower_ascii(options.address)) return std::nullopt;
    if (!is_loopback(options.address) && is_ip_address(host)) return std::nullopt;
    return ApiError{
        421,
        "this server does not answer for host '" + host + "'; use its address, or add the name to server.allowed_hosts",
        "invalid_request_error",
        {},
        "host_not_allowed",
        {}};
}

std::optional<ApiError> check_origin(const Request& request) {
    if (request.method == Method::kGet || request.method == Method::kHead || request.method == Method::kOptions) {
        return std::nullopt;
    }
    const ApiError refusal{
        403, "requests from pages of another origin are refused", "permission_error", {}, "origin_not_allowed", {}};
    const std::string_view site = request.header("sec-fetch-site");
    if (site == "cross-site" || site == "same-site") return refusal;
    if (request.header_count("origin") == 0) return std::nullopt;
    std::string_view origin = request.header("origin");
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (origin.starts_with(scheme) &&
            lower_ascii(origin.substr(scheme.size())) == lower_ascii(request.header("host"))) {
            return std::nullopt;
        }
    }
    return refusal;
}

}  // namespace hearth::web
