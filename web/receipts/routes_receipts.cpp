// GET /v1/answers/{id}/receipt and POST /v1/answers/{id}/replay.
#include "core/json.h"
#include "web/app.h"
#include "web/receipts/receipt.h"
#include "web/routes.h"

namespace hearth::web {
namespace {

using nlohmann::json;

void send(ResponseWriter& writer, const Result<json>& result) {
    writer.send(result.ok() ? json_response(dump_json(*result)) : error_response(api_error(result.error())));
}

void receipt(App& app, Request& request, ResponseWriter& writer) {
    send(writer, get_receipt(app, request.captures.at(0)));
}

void replay_answer(App& app, Request& request, ResponseWriter& writer) {
    if (const std::string why = app.why_not_ready(); !why.empty()) {
        writer.send(error_response(not_ready(why)));
        return;
    }
    const auto kept = get_receipt(app, request.captures.at(0));
    send(writer, kept.ok() ? replay(app, *kept, writer.cancelled()) : kept);
}

constexpr Route kRoutes[] = {
    {Method::kGet, "/v1/answers/{}/receipt", Lane::kShort, BodyKind::kNone, Scope::kRead, receipt},
    {Method::kPost, "/v1/answers/{}/replay", Lane::kGeneration, BodyKind::kNone, Scope::kRead, replay_answer},
};

}  // namespace

std::span<const Route> receipt_routes() {
    return kRoutes;
}

}  // namespace hearth::web
