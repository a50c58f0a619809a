#include "web/router.h"

#include <optional>

namespace hearth::web {
namespace {

std::optional<std::vector<std::string>> match_pattern(std::string_view pattern, std::string_view path) {
    std::vector<std::string> captures;
    while (!pattern.empty() && !path.empty()) {
        if (pattern.starts_with("{}")) {
            const std::size_t end = std::min(path.find('/'), path.size());
            if (end == 0) return std::nullopt;
            captures.emplace_back(path.substr(0, end));
            pattern.remove_prefix(2);
            path.remove_prefix(end);
        } else {
            if (pattern.front() != path.front()) return std::nullopt;
            pattern.remove_prefix(1);
            path.remove_prefix(1);
        }
    }
    if (!pattern.empty() || !path.empty()) return std::nullopt;
    return captures;
}

void add_allowed(std::string& allowed, Method method) {
    const std::string names = method == Method::kGet ? "GET, HEAD" : method_name(method);
    if (allowed.find(names) != std::string::npos) return;
    if (!allowed.empty()) allowed += ", ";
    allowed += names;
}

}  // namespace

RouteMatch match_route(std::span<const Route> routes, Method method, std::string_view path) {
    const Method wanted = method == Method::kHead ? Method::kGet : method;
    RouteMatch result;
    for (const Route& route : routes) {
        auto captures = match_pattern(route.pattern, path);
        if (!captures) continue;
        if (route.method == wanted) {
            result.route = &route;
            result.captures = std::move(*captures);
            result.allowed.clear();
            return result;
        }
        add_allowed(result.allowed, route.method);
    }
    return result;
}

}  // namespace hearth::web
