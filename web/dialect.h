// Whose API a path belongs to: it decides the shape of errors, also of those found before a route is known.
#pragma once

#include <string_view>

namespace hearth::web {

enum class Dialect {
    kOpenAi,     ///< everything else, hearth's own routes among them
    kAnthropic,  ///< /v1/messages…
    kOllama,     ///< /api/…
    kCohere,     ///< /rerank, /v1/rerank, /v2/…
};

constexpr Dialect dialect_of(std::string_view path) noexcept {
    const auto under = [path](std::string_view root) {
        return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
    };
    if (under("/v1/messages")) return Dialect::kAnthropic;
    if (under("/api")) return Dialect::kOllama;
    if (under("/rerank") || under("/v1/rerank") || under("/v2")) return Dialect::kCohere;
    return Dialect::kOpenAi;
}

}  // namespace hearth::web
