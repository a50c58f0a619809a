// POST /v1/responses, decoded: its items and tools in the words of a chat request, which has every check already.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "web/chat_request.h"
#include "web/error_map.h"

namespace hearth::web {

/// The built-in tool: the documents are searched before the model answers.
struct FileSearch {
    std::vector<std::string> store_ids;  ///< empty = the whole folder
    int max_results = 10;
};

struct ResponsesRequest {
    ChatRequest chat;
    nlohmann::json input;      ///< this request's own items, each with an id
    nlohmann::json asked;      ///< the body as it came, for the fields a response repeats
    std::string instructions;  ///< system text of this turn only
    std::optional<FileSearch> file_search;
    bool include_results = false;  ///< of the file search
    bool stream = false;
    bool store = true;
    bool background = false;
    std::string previous_id;
};

/// Items of earlier turns for `previous_response_id`, oldest first.
using History = std::vector<nlohmann::json>;

/// The parts of a body that are known before its history is: enough to look that up.
std::variant<nlohmann::json, ApiError> parse_responses_body(std::string_view body);
/// Never throws. `history` goes before the body's own input.
std::variant<ResponsesRequest, ApiError> decode_responses_request(const nlohmann::json& body, const History& history);

}  // namespace hearth::web
