// Makes one response: by the documents' agent, or by the plain engine with the client's tools.
#pragma once

#include <optional>
#include <stop_token>

#include "web/app.h"
#include "web/responses/reply.h"

namespace hearth::web {

/// Runs to the end, through `reply`. An error is one that `reply` has not been told of.
std::optional<ApiError> make_response(App& app, const ResponsesRequest& request, ResponseReply& reply,
                                      std::stop_token cancel);

/// file_citation annotations: `index` is the code point of the citation's mark.
nlohmann::json file_citations_json(App& app, const agents::Answer& answer);

}  // namespace hearth::web
