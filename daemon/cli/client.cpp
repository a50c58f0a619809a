#include "daemon/cli/client.h"

#include <curl/curl.h>

#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "core/json.h"

namespace hearth::cli {
namespace {

using nlohmann::json;

constexpr long kConnectSeconds = 5;
constexpr long kSilentSeconds = 600;  // an answer may be thought about for long

constexpr std::size_t kMaxReplyBytes = 256u << 20;
constexpr std::string_view kUnixScheme = "unix:";

struct CurlCloser {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
struct ListCloser {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Request {
    std::string path;
    std::optional<std::string> body;  ///< JSON to POST; none = GET
};

/// Takes the bytes of a reply as they come, with its status; false ends the transfer.
using Receiver = std::function<bool(long status, std::string_view bytes)>;

struct Transfer {
    CURL* curl = nullptr;
    const Receiver* receive = nullptr;
};

std::size_t on_bytes(char* data, std::size_t one, std::size_t count, void* context) {
    const auto& transfer = *static_cast<Transfer*>(context);
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    return (*transfer.receive)(status, {data, one * count}) ? one * count : 0;
}

Error not_running(const std::string& url, const std::string& why) {
    return Error(ErrorCode::kUnavailable, "no hearthd answers at " + url + " (" + why +
                                              "); start it with 'systemctl start hearthd' or scripts/run, or name "
                                              "another address with --url");
}

Error not_trusted(const std::string& url, const std::string& why) {
    return Error(ErrorCode::kPermissionDenied, "the certificate of " + url + " is not trusted (" + why +
                                                   "); name the file that vouches for it with --ca-file, or use "
                                                   "--url unix:PATH with server.socket");
}

Error broke_off() {
    return Error(
        ErrorCode::kUnavailable,
        "the answer broke off before its end; see whether hearthd still runs ('hearth status'), then ask again");
}

void set_address(CURL* curl, const ClientOptions& options, const std::string& path) {
    std::string url = options.url;
    if (url.starts_with(kUnixScheme)) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, url.substr(kUnixScheme.size()).c_str());
        url = "http://localhost";
    }
    while (url.ends_with('/')) url.pop_back();
    curl_easy_setopt(curl, CURLOPT_URL, (url + path).c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
}

void set_limits(CURL* curl) {
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSilentSeconds);
}

/// The reply's status; one that `receive` ended counts as whole. kUnavailable when there was none or it broke off.
Result<long> exchange(const ClientOptions& options, const Request& request, const Receiver& receive) {
    const std::unique_ptr<CURL, CurlCloser> curl(curl_easy_init());
    std::unique_ptr<curl_slist, ListCloser> headers;
    const auto add_header = [&](const std::string& line) {
        headers.reset(curl_slist_append(headers.release(), line.c_str()));
    };
    if (!options.api_key.empty()) add_header("Authorization: Bearer " + options.api_key);
    set_address(curl.get(), options, request.path);
    set_limits(curl.get());
    if (request.body) {
        add_header("Content-Type: application/json");
        curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
        curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body->data());
    }
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    Transfer transfer{curl.get(), &receive};
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &transfer);
    const CURLcode code = curl_easy_perform(curl.get());
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status != 0) return code == CURLE_OK || code == CURLE_WRITE_ERROR ? Result<long>(status) : broke_off();
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return not_trusted(options.url, curl_easy_strerror(code));
    return not_running(options.url, curl_easy_strerror(code));
}

/// `path` with the query, its values encoded.
std::string with_query(const std::string& path, const Query& query) {
    std::string out = path;
    char mark = '?';
    for (const auto& [name, value] : query) {
        char* encoded = curl_easy_escape(nullptr, value.data(), static_cast<int>(value.size()));
        out += mark + name + '=' + (encoded != nullptr ? encoded : "");
        curl_free(encoded);
        mark = '&';
    }
    return out;
}

ErrorCode code_of_status(long status) {
    if (status == 404) return ErrorCode::kNotFound;
    if (status == 401 || status == 403) return ErrorCode::kPermissionDenied;
    if (status == 429) return ErrorCode::kResourceExhausted;
    if (status == 503) return ErrorCode::kUnavailable;
    return status < 500 ? ErrorCode::kInvalidArgument : ErrorCode::kInternal;
}

Error server_error(long status, const std::string& body) {
    const auto parsed = parse_json(body);
    if (parsed.ok() && parsed->is_object() && parsed->contains("error")) {
        const json& error = (*parsed)["error"];
        if (error.is_object() && error.contains("message") && error["message"].is_string()) {
            return Error(code_of_status(status), error["message"].get<std::string>());
        }
    }
    return Error(code_of_status(status), "the server answered " + std::to_string(status));
}

Result<json> json_of(const ClientOptions& options, const Request& request) {
    std::string body;
    HEARTH_TRY(const long status, exchange(options, request, [&](long, std::string_view bytes) {
                   body.append(bytes);
                   return body.size() <= kMaxReplyBytes;
               }));
    if (status / 100 != 2) return server_error(status, body);
    return parse_json(body, {.bytes = kMaxReplyBytes});
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
    return json_of(options_, {with_query(path, query), std::nullopt});
}

Result<json> Client::post(const std::string& path, const json& body) const {
    return json_of(options_, {path, dump_json(body)});
}

Status Client::stream(const std::string& path, const json& body,
                      const std::function<bool(const json&)>& on_event) const {
    EventLines lines(on_event);
    std::string error_body;
    HEARTH_TRY(const long status,
               exchange(options_, {path, dump_json(body)}, [&](long status_so_far, std::string_view bytes) {
                   if (status_so_far / 100 == 2) return lines.push(bytes);
                   error_body.append(bytes);
                   return error_body.size() <= kMaxReplyBytes;
               }));
    if (status / 100 != 2) return server_error(status, error_body);
    return lines.whole() ? Status() : broke_off();
}

}  // namespace hearth::cli
