// A failure as a client sees it, before it is put into the shape of the client's dialect.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace hearth::web {

struct ApiError {
    int status = 500;
    std::string message;
    std::string type = "server_error";  ///< OpenAI's names; other dialects derive theirs from the status
    std::string param;                  ///< the request field at fault; empty = null on the wire
    std::string code;                   ///< empty = null on the wire
    std::optional<std::chrono::milliseconds> retry_after;
};

}  // namespace hearth::web
