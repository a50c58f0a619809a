#include "web/http_head.h"

#include <boost/beast/http/fields.hpp>

#include "web/limits.h"

namespace hearth::web {
namespace {

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

}  // namespace

std::optional<ApiError> read_head(const boost::beast::http::request_header<>& head, Request& out) {
    out.method = method_from_name(view(head.method_string()));
    const std::string_view target = view(head.target());
    if (target.size() > kMaxTargetBytes) {
        return ApiError{414, "the request target is longer than 8192 bytes", "invalid_request_error", {}, {}, {}};
    }
    for (const auto& field : head) {
        const std::size_t line_bytes = field.name_string().size() + field.value().size();
        if (out.headers.size() == kMaxHeaders || line_bytes > kMaxHeaderLineBytes) {
            return ApiError{
                431, "more than 100 header fields, or one longer than 8192 bytes", "invalid_request_error", {}, {}, {}};
        }
        out.headers.push_back({lower_ascii(view(field.name_string())), std::string(view(field.value()))});
    }
    const bool other_coding =
        out.header_count("transfer-encoding") > 0 && lower_ascii(out.header("transfer-encoding")) != "chunked";
    const bool two_lengths = out.header_count("transfer-encoding") > 0 && out.header_count("content-length") > 0;
    if (other_coding || two_lengths || out.header_count("content-length") > 1) {
        return bad_request("the length of the body is ambiguous");
    }
    const Status parsed = parse_target(target, out);
    if (!parsed.ok()) return bad_request(parsed.error().message);
    return std::nullopt;
}

}  // namespace hearth::web
