// The buttons of the ingest pipeline: look now, pause, read again, let held deletions through.
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/app.h"
#include "web/json_fields.h"
#include "web/routes.h"
#include "web/wire.h"

namespace hearth::web {
namespace {

using nlohmann::json;

/// Answers for the caller when there is none yet.
ingest::Pipeline* pipeline_or_fail(App& app, ResponseWriter& writer) {
    ingest::Pipeline* pipeline = app.services().pipeline;
    if (pipeline == nullptr) writer.send(error_response(not_ready(app.why_not_ready())));
    return pipeline;
}

void accept(ResponseWriter& writer) {
    writer.send(json_response(R"({"accepted":true})", 202));
}

void rescan(App& app, Request&, ResponseWriter& writer) {
    ingest::Pipeline* pipeline = pipeline_or_fail(app, writer);
    if (pipeline == nullptr) return;
    pipeline->rescan();
    accept(writer);
}

void confirm_deletes(App& app, Request&, ResponseWriter& writer) {
    ingest::Pipeline* pipeline = pipeline_or_fail(app, writer);
    if (pipeline == nullptr) return;
    pipeline->confirm_deletes();
    accept(writer);
}

void set_paused(App& app, ResponseWriter& writer, bool paused) {
    ingest::Pipeline* pipeline = pipeline_or_fail(app, writer);
    if (pipeline == nullptr) return;
    const Status done = pipeline->set_paused(paused);
    if (!done.ok()) {
        writer.send(error_response(api_error(done.error())));
        return;
    }
    accept(writer);
}

void pause(App& app, Request&, ResponseWriter& writer) {
    set_paused(app, writer, true);
}
void resume(App& app, Request&, ResponseWriter& writer) {
    set_paused(app, writer, false);
}

/// {"path": glob}: the glob is demanded, so that an empty body does not read everything again by mistake.
Result<std::string> wanted_path(const Request& request) {
    HEARTH_TRY(const json body, parse_json(request.body));
    const auto path = body.is_object() ? body.find("path") : body.end();
    if (path == body.end() || !path->is_string() || path->get_ref<const std::string&>().empty())
        return Error(ErrorCode::kInvalidArgument, "say which files in 'path': a path, a glob, or \"**\" for all");
    return path->get<std::string>();
}

void reindex(App& app, Request& request, ResponseWriter& writer) {
    ingest::Pipeline* pipeline = pipeline_or_fail(app, writer);
    if (pipeline == nullptr) return;
    const auto path = wanted_path(request);
    if (!path.ok()) {
        writer.send(error_response(api_error(path.error())));
        return;
    }
    const auto count = pipeline->reindex(*path);
    if (!count.ok()) {
        writer.send(error_response(api_error(count.error())));
        return;
    }
    writer.send(json_response(dump_json({{"accepted", true}, {"documents", *count}}), 202));
}

constexpr Route kRoutes[] = {
    {Method::kPost, "/v1/ingest/rescan", Lane::kShort, BodyKind::kNone, Scope::kWrite, rescan},
    {Method::kPost, "/v1/ingest/pause", Lane::kShort, BodyKind::kNone, Scope::kWrite, pause},
    {Method::kPost, "/v1/ingest/resume", Lane::kShort, BodyKind::kNone, Scope::kWrite, resume},
    {Method::kPost, "/v1/ingest/reindex", Lane::kShort, BodyKind::kMemory, Scope::kWrite, reindex},
    {Method::kPost, "/v1/ingest/confirm-deletes", Lane::kShort, BodyKind::kNone, Scope::kAdmin, confirm_deletes},
};

}  // namespace

std::span<const Route> ingest_routes() {
    return kRoutes;
}

}  // namespace hearth::web
