// The server's side of TLS, out of certificate files.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "core/result.h"

namespace hearth::web {

/// TLS 1.2 and later, HTTP/1.1 by ALPN. PEM files: the certificate with its chain, and its key without a passphrase.
/// kInvalidArgument naming the setting: unreadable, not PEM, not a pair, or out of its time.
Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(const std::string& certificate, const std::string& key);

}  // namespace hearth::web
