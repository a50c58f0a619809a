#include "web/error_map.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

struct Mapping {
    int status;
    const char* type;
    const char* code;
    bool retry;
};

Mapping mapping_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::kInvalidArgument:
            return {400, "invalid_request_error", "", false};
        case ErrorCode::kNotFound:
            return {404, "invalid_request_error", "not_found", false};
        case ErrorCode::kAlreadyExists:
            return {409, "invalid_request_error", "already_exists", false};
        case ErrorCode::kPermissionDenied:
            return {403, "permission_error", "permission_denied", false};
        case ErrorCode::kUnavailable:
            return {503, "overloaded", "unavailable", true};
        case ErrorCode::kResourceExhausted:
            return {429, "rate_limit_exceeded", "rate_limit_exceeded", true};
        case ErrorCode::kDataLoss:
            return {500, "server_error", "data_loss", false};
        case ErrorCode::kCancelled:
            return {499, "server_error", "cancelled", false};
        case ErrorCode::kDeadlineExceeded:
            return {504, "server_error", "deadline_exceeded", false};
        case ErrorCode::kUnsupported:
            return {400, "invalid_request_error", "unsupported", false};
        case ErrorCode::kInternal:
            break;
    }
    return {500, "server_error", "internal", false};
}

}  // namespace

ApiError api_error(const Error& error) {
    const Mapping mapping = mapping_of(error.code);
    ApiError out{mapping.status, error.message, mapping.type, {}, mapping.code, {}};
    if (mapping.retry) out.retry_after = kRetryAfter;
    return out;
}

ApiError bad_request(std::string message, std::string param) {
    return {400, std::move(message), "invalid_request_error", std::move(param), {}, {}};
}

ApiError not_ready(const std::string& why) {
    return {503,          why.empty() ? "hearth is starting" : "hearth is starting: " + why,
            "overloaded", {},
            "not_ready",  kRetryAfter};
}

ApiError bodies_full() {
    return {503,          "the requests in work fill the memory set aside for bodies; try again in two seconds",
            "overloaded", {},
            "overloaded", kRetryAfter};
}

ApiError too_large(const std::string& what, std::int64_t limit_bytes) {
    return {413,
            what + " is larger than the limit of " + std::to_string(limit_bytes) + " bytes",
            "invalid_request_error",
            {},
            "too_large",
            {}};
}

ApiError overloaded() {
    return {429,
            "too many requests are waiting; try again in two seconds",
            "rate_limit_exceeded",
            {},
            "rate_limit_exceeded",
            kRetryAfter};
}

std::string error_body(const ApiError& error) {
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? nlohmann::json(nullptr) : nlohmann::json(text);
    };
    return dump_json({{"error",
                       {{"message", error.message},
                        {"type", error.type},
                        {"param", text_or_null(error.param)},
                        {"code", text_or_null(error.code)}}}});
}

Response error_response(const ApiError& error) {
    Response response = json_response(error_body(error), error.status);
    if (error.retry_after) {
        const auto ms = error.retry_after->count();
        response.set("Retry-After", std::to_string((ms + 999) / 1000));
        response.set("Retry-After-Ms", std::to_string(ms));
    }
    if (error.status == 401) response.set("WWW-Authenticate", "Bearer");
    return response;
}

Response json_response(std::string body, int status) {
    Response response;
    response.status = status;
    response.set("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

}  // namespace hearth::web
