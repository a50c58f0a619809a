// The one place where failures become HTTP: a status, and the error object OpenAI's clients know.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/result.h"
#include "web/http.h"

namespace hearth::web {

/// An error as a client sees it.
struct ApiError {
    int status = 500;
    std::string message;
    std::string type = "server_error";
    std::string param;  ///< the request field at fault; empty = null on the wire
    std::string code;   ///< empty = null on the wire
    std::optional<std::chrono::milliseconds> retry_after;
};

ApiError api_error(const Error& error);
/// 400 invalid_request_error naming the field.
ApiError bad_request(std::string message, std::string param = {});
/// 503 with retry-after: the parts are still loading, `why` says which.
ApiError not_ready(const std::string& why);
/// 503 with retry-after: request bodies fill the memory set aside for them.
ApiError bodies_full();
/// 413 with the limit.
ApiError too_large(const std::string& what, std::int64_t limit_bytes);
/// 429 with retry-after.
ApiError overloaded();

/// {"error":{"message","type","param","code"}} as compact JSON.
std::string error_body(const ApiError& error);
Response error_response(const ApiError& error);
Response json_response(std::string body, int status = 200);

}  // namespace hearth::web
