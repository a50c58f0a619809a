// Routes as a table: method, pattern, where it runs, and the function that answers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "web/auth/caller.h"
#include "web/http.h"

namespace hearth::web {

class App;

/// Which threads may be blocked by a route.
enum class Lane {
    kInline,      ///< answers at once on the connection's thread; must never block
    kShort,       ///< reads the record or the disk
    kBulk,        ///< works for seconds: many embeddings, the whole record
    kGeneration,  ///< runs a model; waiting clients count against the generation queue
    kEvents,      ///< waits for news as long as its client stays
};

enum class BodyKind { kNone, kMemory, kFile };

struct Route {
    Method method = Method::kGet;
    std::string_view pattern;  ///< "/v1/documents/{}/passage": {} captures one non-empty segment
    Lane lane = Lane::kShort;
    BodyKind body = BodyKind::kNone;
    Scope scope = Scope::kAdmin;
    void (*handler)(App&, Request&, ResponseWriter&) = nullptr;
    /// For kGeneration: runs in the short lane before the wait for the other, so that mistakes are answered and streams
    /// declared at once. False when it has answered.
    bool (*prepare)(App&, Request&, ResponseWriter&) = nullptr;
};

struct RouteMatch {
    const Route* route = nullptr;  ///< null: nothing matches path and method
    std::vector<std::string> captures;
    std::string allowed;  ///< methods of the path ("GET, HEAD, POST") when only the method is wrong
};

/// HEAD matches GET routes.
RouteMatch match_route(std::span<const Route> routes, Method method, std::string_view path);

}  // namespace hearth::web
