#include "daemon/cli/client.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

#include "core/json.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

constexpr int kConnectSeconds = 5;
constexpr int kAnswerSeconds = 600;

httplib::Client connect(const ClientOptions& options) {
    httplib::Client client(options.url);
    client.set_connection_timeout(kConnectSeconds);
    client.set_read_timeout(kAnswerSeconds);
    client.set_keep_alive(false);
    if (!options.api_key.empty()) client.set_default_headers({{"Authorization", "Bearer " + options.api_key}});
    return client;
}

Error not_running(const ClientOptions& options) {
    return Error(ErrorCode::kUnavailable, "no hearthd answers at " + options.url +
                                              "; start it with 'systemctl start hearthd' or scripts/run, or name "
                                              "another address with --url");
}

ErrorCode code_of_status(int status) {
    if (status == 404) return ErrorCode::kNotFound;
    if (status == 401 || status == 403) return ErrorCode::kPermissionDenied;
    if (status == 429) return ErrorCode::kResourceExhausted;
    if (status == 503) return ErrorCode::kUnavailable;
    return status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kInternal;
}

Error server_error(int status, const std::string& body) {
    const auto parsed = parse_json(body);
    if (parsed.ok() && parsed->is_object() && parsed->contains("error")) {
        const json& error = (*parsed)["error"];
        if (error.is_object() && error.contains("message") && error["message"].is_string()) {
            return Error(code_of_status(status), error["message"].get<std::string>());
        }
    }
    return Error(code_of_status(status), "the server answered " + std::to_string(status));
}

Result<json> to_json(const ClientOptions& options, const httplib::Result& result) {
    if (!result) return not_running(options);
    if (result->status / 100 != 2) return server_error(result->status, result->body);
    return parse_json(result->body, {.bytes = 256u << 20});
}

/// Cuts a byte stream into server-sent events' data lines, up to and with [DONE].
class EventLines {
  public:
    explicit EventLines(const std::function<bool(const json&)>& on_event) : on_event_(on_event) {}

    /// False once nothing more is wanted: on_event said so, or an event is not JSON.
    bool push(std::string_view bytes) {
        buffer_.append(bytes);
        for (std::size_t end; (end = buffer_.find('\n')) != std::string::npos;) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            if (!line.empty() && line.back() == '\r') line.pop_back();
            if (line == "data: [DONE]") done_ = true;
            if (line.rfind("data: ", 0) != 0 || done_) continue;
            const auto event = parse_json(std::string_view(line).substr(6));
            if (!event.ok()) return false;
            if (!on_event_(*event)) {
                stopped_ = true;
                return false;
            }
        }
        return true;
    }
    bool whole() const { return done_ || stopped_; }

  private:
    const std::function<bool(const json&)>& on_event_;
    std::string buffer_;
    bool done_ = false;
    bool stopped_ = false;
};

}  // namespace

Result<json> Client::get(const std::string& path, const Query& query) const {
    httplib::Client client = connect(options_);
    return to_json(options_, query.empty() ? client.Get(path) : client.Get(path, query, httplib::Headers()));
}

Result<json> Client::post(const std::string& path, const json& body) const {
    httplib::Client client = connect(options_);
    return to_json(options_, client.Post(path, dump_json(body), "application/json"));
}

Status Client::stream(const std::string& path, const json& body,
                      const std::function<bool(const json&)>& on_event) const {
    httplib::Client client = connect(options_);
    EventLines lines(on_event);
    std::string error_body;
    int status = 0;
    httplib::Request request;
    request.method = "POST";
    request.path = path;
    request.set_header("Content-Type", "application/json");
    request.body = dump_json(body);
    request.response_handler = [&](const httplib::Response& response) {
        status = response.status;
        return true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
        if (status / 100 != 2) {
            error_body.append(data, size);
            return true;
        }
        return lines.push({data, size});
    };
    const auto result = client.send(request);
    if (!result && status == 0) return not_running(options_);
    if (status / 100 != 2) return server_error(status, error_body);
    if (lines.whole()) return {};
    return Error(
        ErrorCode::kUnavailable,
        "the answer broke off before its end; see whether hearthd still runs ('hearth status'), then ask again");
}

}  // namespace hearth::cli
