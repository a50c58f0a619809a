// From Beast's parsed request head to this folder's Request, with the limits Beast does not know.
#pragma once

#include <optional>

#include <boost/beast/http/message.hpp>

#include "web/error_map.h"
#include "web/http.h"

namespace hearth::web {

/// Fills method, path, query and headers of `out`. An error is to be answered with its status and a closed connection.
std::optional<ApiError> read_head(const boost::beast::http::request_header<>& head, Request& out);

}  // namespace hearth::web
