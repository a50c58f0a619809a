// Server-sent events: framing only.
#pragma once

#include <string>
#include <string_view>

namespace hearth::web {

/// "data: <json>\n\n". The JSON must be one line, which compact JSON always is.
inline std::string sse_data(std::string_view json) {
    std::string out = "data: ";
    out.append(json).append("\n\n");
    return out;
}

constexpr std::string_view kSseDone = "data: [DONE]\n\n";
constexpr std::string_view kSsePing = ": ping\n\n";

}  // namespace hearth::web
