// POST /v1/chat/completions, decoded: from a client's JSON to one typed request with every range checked.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "llm/types.h"
#include "web/error_map.h"

namespace hearth::web {

/// The model name that always answers from the documents' agent, whatever engine is loaded.
constexpr std::string_view kAgentModel = "hearth";

struct ChatRequest {
    std::string model;
    llm::GenerateRequest generate;  ///< temperature 0 when the client gave none
    bool stream = false;
    bool include_usage = false;
    bool from_documents = true;  ///< the agent answers; false with tools, response_format or hearth.retrieval=false
    std::string collection;      ///< filters of the search, from the `hearth` object
    std::string path;
    std::string type;
};

/// Never throws. `body` is untrusted.
std::variant<ChatRequest, ApiError> decode_chat_request(std::string_view body);

}  // namespace hearth::web
