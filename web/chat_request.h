// POST /v1/chat/completions, decoded: from a client's JSON to one typed request with every range checked.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "llm/types.h"
#include "web/error_map.h"

namespace hearth::web {

/// The model name that always answers from the documents' agent, whatever engine is loaded.
constexpr std::string_view kAgentModel = "hearth";

struct ChatRequest {
    std::string model;
    llm::GenerateRequest generate;          ///< temperature 0 when the client gave none
    std::string raw_prompt;                 ///< not empty: the prompt itself, special tokens and all, for the engine
    int choices = 1;                        ///< `n`
    bool parallel_tool_calls = true;        ///< false: only the first call is given back
    std::vector<std::string> strict_tools;  ///< names of the tools whose arguments must satisfy their schema
    bool stream = false;
    bool include_usage = false;
    bool from_documents = true;  ///< the agent answers; false with tools, response_format, logprobs or
                                 ///< hearth.retrieval=false
    std::optional<std::chrono::seconds> keep_loaded;  ///< how long the model stays in memory; empty = as configured
    std::string collection;                           ///< filters of the search, from the `hearth` object
    std::string path;
    std::string type;
};

/// Never throws. `body` is untrusted.
std::variant<ChatRequest, ApiError> decode_chat_request(std::string_view body);

}  // namespace hearth::web
