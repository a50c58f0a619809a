// The CLI's HTTP client of a running hearthd, by TCP, TLS or its UNIX socket.
#pragma once

#include <functional>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/result.h"

namespace hearth::cli {

struct ClientOptions {
    std::string url = "http://127.0.0.1:4327";  ///< http://, https:// or unix:PATH
    std::string api_key;
    std::string ca_file;  ///< PEM that vouches for an https server; empty = the system's authorities
};

/// Names and values, not encoded.
using Query = std::multimap<std::string, std::string>;

/// Blocking; one request at a time.
class Client {
  public:
    explicit Client(ClientOptions options) : options_(std::move(options)) {}

    /// Replies of 2xx as JSON; others become the error the server named. kUnavailable says how to start hearthd.
    Result<nlohmann::json> get(const std::string& path, const Query& query = {}) const;

    Result<nlohmann::json> post(const std::string& path, const nlohmann::json& body) const;

    /// POSTs and hands every server-sent `data:` object to `on_event`; stops when it returns false. kUnavailable when
    /// the stream ends without its [DONE].
    Status stream(const std::string& path, const nlohmann::json& body,
                  const std::function<bool(const nlohmann::json&)>& on_event) const;

    const std::string& url() const { return options_.url; }

  private:
    ClientOptions options_;
};

}  // namespace hearth::cli
