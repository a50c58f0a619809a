#include "web/error_map.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

using nlohmann::json;

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

/// With one decimal, rounded up: a size over a limit never reads as the limit.
std::string mebibytes(std::int64_t bytes) {
    const std::int64_t tenths = (bytes * 10 + (1 << 20) - 1) >> 20;
    return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10));
}

json text_or_null(const std::string& text) {
    return text.empty() ? json(nullptr) : json(text);
}

json openai_error(const ApiError& error) {
    return {{"message", error.message},
            {"type", error.type},
            {"param", text_or_null(error.param)},
            {"code", text_or_null(error.code)}};
}

constexpr int kAnthropicOverloaded = 529;

const char* anthropic_type(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 503:
        case kAnthropicOverloaded:
            return "overloaded_error";
        case 504:
            return "timeout_error";
        default:
            return status < 500 ? "invalid_request_error" : "api_error";
    }
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

ApiError too_large(const std::string& what, std::int64_t bytes, std::int64_t limit_bytes) {
    const std::string size = bytes > 0 ? " has " + mebibytes(bytes) + " MiB" : " is too large";
    return {413,
            what + size + "; at most " + mebibytes(limit_bytes) + " MiB are possible (ingest.max_file_mib)",
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

std::string error_body(const ApiError& error, Dialect dialect) {
    switch (dialect) {
        case Dialect::kAnthropic:
            return dump_json(
                {{"type", "error"}, {"error", {{"type", anthropic_type(error.status)}, {"message", error.message}}}});
        case Dialect::kOllama:
            return dump_json({{"error", error.message}});
        case Dialect::kCohere:
            return dump_json({{"message", error.message}, {"error", openai_error(error)}});
        case Dialect::kOpenAi:
            break;
    }
    return dump_json({{"error", openai_error(error)}});
}

void speak(Dialect dialect, Response& response) {
    if (!response.error || dialect == Dialect::kOpenAi) return;
    response.body = error_body(*response.error, dialect);
    if (dialect == Dialect::kAnthropic && response.status == 503) response.status = kAnthropicOverloaded;
}

Response error_response(const ApiError& error) {
    Response response = json_response(error_body(error), error.status);
    if (error.retry_after) {
        const auto ms = error.retry_after->count();
        response.set("Retry-After", std::to_string((ms + 999) / 1000));
        response.set("Retry-After-Ms", std::to_string(ms));
    }
    if (error.status == 401) response.set("WWW-Authenticate", "Bearer");
    response.error = error;
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
