// The receipt of an answer from the documents: everything it was made of, so that it can be made again.
#pragma once

#include <stop_token>
#include <string>

#include <nlohmann/json.hpp>

#include "agents/agent.h"
#include "web/app.h"

namespace hearth::web {

/// Sampling without a seed gets one, so that the answer can be replayed.
void settle_seed(llm::SamplingOptions& sampling);

/// Keeps the receipt under the answer's id ("chatcmpl-…", "resp_…"). A store that is missing or full costs the receipt
/// only; the log has the reason.
void keep_receipt(App& app, const std::string& answer_id, const agents::AskRequest& request,
                  const agents::Answer& answer);

/// kNotFound when there is none (any more).
Result<nlohmann::json> get_receipt(App& app, const std::string& answer_id);

/// Asks again as the receipt says: {"id","reproduced","text","replayed_text","changes":[{"what","before","after"}]}.
/// `changes` names what differs between then and now, also where the text came out the same.
Result<nlohmann::json> replay(App& app, const nlohmann::json& receipt, std::stop_token cancel);

}  // namespace hearth::web
