// GET /v1/audit: what was changed, by whom.
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/app.h"
#include "web/json_fields.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

constexpr int kMaxEntries = 10'000;

void audit(App& app, Request& request, ResponseWriter& writer) {
    if (const auto error = unknown_parameter(request, {"limit"})) {
        writer.send(error_response(*error));
        return;
    }
    const auto limit = limit_parameter(request, kMaxEntries);
    if (!limit) {
        writer.send(error_response(
            bad_request("'limit' must be an integer from 1 to " + std::to_string(kMaxEntries), "limit")));
        return;
    }
    const auto entries = app.audit().recent(static_cast<std::size_t>(*limit));
    if (!entries.ok()) {
        writer.send(error_response(api_error(entries.error())));
        return;
    }
    writer.send(json_response(dump_json({{"object", "list"}, {"data", *entries}})));
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/audit", Lane::kShort, BodyKind::kNone, Scope::kAdmin, audit},
};

}  // namespace

std::span<const Route> audit_routes() {
    return kRoutes;
}

}  // namespace hearth::web
