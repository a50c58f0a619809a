#include "web/responses/kept.h"

#include <algorithm>
#include <ctime>

#include "core/json.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

using nlohmann::json;

Result<AnswerStore*> store_of(App& app) {
    if (app.store() != nullptr) return app.store();
    return Error(ErrorCode::kNotFound, "no responses are kept: hearth could not open its file for them");
}

}  // namespace

Status keep_response(App& app, const json& response, const json& input) {
    HEARTH_TRY(AnswerStore * store, store_of(app));
    return store->put(Kept::kResponse, response["id"].get<std::string>(), std::time(nullptr),
                      dump_json({{"response", response}, {"input", input}}));
}

Result<json> kept_response(App& app, const std::string& id) {
    HEARTH_TRY(AnswerStore * store, store_of(app));
    const bool running = app.running().contains(id);
    HEARTH_TRY(const std::string body, store->get(Kept::kResponse, id, std::time(nullptr)));
    HEARTH_TRY(json kept, parse_json(body));
    json& response = kept["response"];
    if (response["status"] == "in_progress" && !running) {
        response["status"] = "failed";
        response["error"] = {{"code", "server_error"}, {"message", "hearth stopped before the response was complete"}};
    }
    return kept;
}

Status forget_response(App& app, const std::string& id) {
    HEARTH_TRY(AnswerStore * store, store_of(app));
    HEARTH_TRY(const bool removed, store->remove(Kept::kResponse, id));
    HEARTH_TRY([[maybe_unused]] const bool receipt, store->remove(Kept::kReceipt, id));
    if (removed) return {};
    return Error(ErrorCode::kNotFound, "there is no response '" + id + "'");
}

Result<History> history_of(App& app, const json& body) {
    History turns;  // newest first
    const auto previous = body.find("previous_response_id");
    std::string id = previous != body.end() && previous->is_string() ? previous->get<std::string>() : "";
    std::size_t items = 0;
    while (!id.empty()) {
        HEARTH_TRY(const json kept, kept_response(app, id));
        json turn = kept["input"];
        for (const json& item : kept["response"]["output"]) turn.push_back(item);
        items += turn.size();
        if (items > kMaxMessages) {
            return Error(ErrorCode::kInvalidArgument, "the conversation has more than 2000 items; begin a new one");
        }
        turns.push_back(std::move(turn));
        const json& next = kept["response"]["previous_response_id"];
        id = next.is_string() ? next.get<std::string>() : "";
    }
    std::reverse(turns.begin(), turns.end());
    History out;
    for (json& turn : turns) {
        for (json& item : turn) out.push_back(std::move(item));
    }
    return out;
}

}  // namespace hearth::web
