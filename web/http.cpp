#include "web/http.h"

#include <algorithm>

namespace hearth::web {
namespace {

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool has_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto u = static_cast<unsigned char>(c);
        return u < 0x20 || u == 0x7f;
    });
}

Status parse_query(std::string_view query, Request& request) {
    constexpr std::size_t kMaxParameters = 64;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto name = percent_decode(pair.substr(0, equals), true);
        const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) return Error(ErrorCode::kInvalidArgument, "the query string has a malformed % escape");
        if (request.query.size() == kMaxParameters) {
            return Error(ErrorCode::kInvalidArgument, "more than 64 query parameters");
        }
        request.query.push_back({*name, *value});
    }
    return {};
}

}  // namespace

Method method_from_name(std::string_view name) noexcept {
    if (name == "GET") return Method::kGet;
    if (name == "HEAD") return Method::kHead;
    if (name == "POST") return Method::kPost;
    if (name == "PUT") return Method::kPut;
    if (name == "DELETE") return Method::kDelete;
    if (name == "OPTIONS") return Method::kOptions;
    return Method::kOther;
}

const char* method_name(Method method) noexcept {
    switch (method) {
        case Method::kGet:
            return "GET";
        case Method::kHead:
            return "HEAD";
        case Method::kPost:
            return "POST";
        case Method::kPut:
            return "PUT";
        case Method::kDelete:
            return "DELETE";
        case Method::kOptions:
            return "OPTIONS";
        case Method::kOther:
            break;
    }
    return "OTHER";
}

std::string_view Request::header(std::string_view name) const noexcept {
    const Header* found = nullptr;
    for (const Header& header : headers) {
        if (header.name != name) continue;
        if (found != nullptr) return {};
        found = &header;
    }
    return found == nullptr ? std::string_view() : std::string_view(found->value);
}

std::size_t Request::header_count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(), [&](const Header& header) { return header.name == name; }));
}

std::optional<std::string> Request::parameter(std::string_view name) const {
    for (const Header& pair : query) {
        if (pair.name == name) return pair.value;
    }
    return std::nullopt;
}

Status parse_target(std::string_view target, Request& request) {
    if (target.empty() || target.front() != '/') {
        return Error(ErrorCode::kInvalidArgument, "the request target must be a path that starts with '/'");
    }
    const std::size_t question = std::min(target.find('?'), target.size());
    auto path = percent_decode(target.substr(0, question), false);
    if (!path) return Error(ErrorCode::kInvalidArgument, "the path has a malformed % escape");
    request.path = std::move(*path);
    return parse_query(target.substr(std::min(question + 1, target.size())), request);
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = hex_digit(text[i + 1]);
            const int low = hex_digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0') return std::nullopt;
        out.push_back(c);
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(kDigits[u >> 4]);
            out.push_back(kDigits[u & 15]);
        }
    }
    return out;
}

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

const char* reason_phrase(int status) noexcept {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 499:
            return "Client Closed Request";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 507:
            return "Insufficient Storage";
        default:
            return "Status";
    }
}

std::string base_url(const Request& request) {
    const bool secure = request.secure || lower_ascii(request.header("x-forwarded-proto")) == "https";
    return std::string(secure ? "https" : "http") + "://" + std::string(request.header("host"));
}

std::string response_head(const Response& response) {
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " + reason_phrase(response.status) + "\r\n";
    for (const Header& header : response.headers) {
        if (has_control(header.value)) continue;
        out.append(header.name).append(": ").append(header.value).append("\r\n");
    }
    out += "\r\n";
    return out;
}

}  // namespace hearth::web
