// The one place where failures become HTTP: a status, and the error object that the clients of a dialect know.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "web/api_error.h"
#include "web/dialect.h"
#include "web/http.h"

namespace hearth::web {

ApiError api_error(const Error& error);
/// 400 invalid_request_error naming the field.
ApiError bad_request(std::string message, std::string param = {});
/// 503 with retry-after: the parts are still loading, `why` says which.
ApiError not_ready(const std::string& why);
/// 503 with retry-after: request bodies fill the memory set aside for them.
ApiError bodies_full();
/// 413 with both sizes in MiB and the setting that raises the limit; `bytes` 0 = not known.
ApiError too_large(const std::string& what, std::int64_t bytes, std::int64_t limit_bytes);
/// 429 with retry-after.
ApiError overloaded();

/// The error object of a dialect as compact JSON: {"error":{"message","type","param","code"}} for OpenAI's.
std::string error_body(const ApiError& error, Dialect dialect = Dialect::kOpenAi);
Response error_response(const ApiError& error);
/// Gives an error response its dialect's body and status; anything else stays as it is.
void speak(Dialect dialect, Response& response);
Response json_response(std::string body, int status = 200);

}  // namespace hearth::web
