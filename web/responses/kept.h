// Responses between requests: what is kept of one, and the conversation that a chain of them makes.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/result.h"
#include "web/app.h"
#include "web/responses/translate.h"

namespace hearth::web {

Status keep_response(App& app, const nlohmann::json& response, const nlohmann::json& input);
/// {"response", "input"}. One that was in work when hearth stopped is told as failed.
Result<nlohmann::json> kept_response(App& app, const std::string& id);
/// Its receipt goes with it. kNotFound when there is none.
Status forget_response(App& app, const std::string& id);
/// Input and output items of the turns that `body.previous_response_id` continues; empty without one.
Result<History> history_of(App& app, const nlohmann::json& body);

}  // namespace hearth::web
