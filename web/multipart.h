// multipart/form-data (RFC 7578) over bytes that are already on disk: where each part's content lies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace hearth::web {

struct FormPart {
    std::string name;
    std::string file_name;     ///< as sent, unchecked; empty for plain fields
    std::string_view content;  ///< into the body
};

/// The boundary of a Content-Type value; empty when it is not multipart/form-data with a usable boundary.
std::string multipart_boundary(std::string_view content_type);

/// At most 64 parts with headers of at most 8 KiB each. kInvalidArgument for anything malformed or cut short.
Result<std::vector<FormPart>> parse_multipart(std::string_view body, std::string_view boundary);

}  // namespace hearth::web
