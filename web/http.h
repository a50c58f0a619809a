// The HTTP vocabulary of this folder, free of sockets: what a route receives and how it answers.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "web/api_error.h"
#include "web/auth/caller.h"
#include "web/body_budget.h"
#include "web/upload_file.h"

namespace hearth::web {

struct ChatRequest;
struct ResponsesRequest;

enum class Method { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

Method method_from_name(std::string_view name) noexcept;
const char* method_name(Method method) noexcept;

struct Header {
    std::string name;  ///< requests: lower case; responses: as written
    std::string value;
};

/// One request, whole. Either `body` or `upload` holds the payload.
struct Request {
    Method method = Method::kGet;
    std::string path;             ///< percent-decoded; never contains NUL
    std::vector<Header> query;    ///< percent-decoded names and values, in order
    std::vector<Header> headers;  ///< lower-case names, in order
    std::string body;
    BodyLease body_lease;                         ///< what `body` takes of the server's budget
    std::shared_ptr<UploadFile> upload;           ///< for routes whose body goes to disk
    std::shared_ptr<ChatRequest> chat;            ///< `body` decoded, once the route has prepared
    std::shared_ptr<ResponsesRequest> responses;  ///< the same for /v1/responses
    std::string id;                               ///< x-request-id of the reply
    std::string peer;                             ///< the client's address without its port; "unix uid N"
    bool local = false;                           ///< it came by the UNIX socket
    bool secure = false;                          ///< it came by TLS
    Caller caller;                                ///< once the guards let it in
    std::vector<std::string> captures;            ///< the {} parts of the route's pattern

    /// Value of the only header of that lower-case name; empty when absent or repeated.
    std::string_view header(std::string_view name) const noexcept;
    std::size_t header_count(std::string_view name) const noexcept;
    /// First value of a query parameter.
    std::optional<std::string> parameter(std::string_view name) const;
};

/// Splits "/a%20b?x=1&y" into path and query. kInvalidArgument for bad escapes, NUL, or a target without a leading '/'.
Status parse_target(std::string_view target, Request& request);

/// Decodes %XX (and '+' as space when `plus_is_space`). Empty result = malformed escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Everything but RFC 3986 unreserved characters as %XX.
std::string percent_encode(std::string_view text);

/// The server's own URL as the client sees it: behind a proxy that speaks TLS, https.
std::string base_url(const Request& request);

struct Response {
    int status = 200;
    std::vector<Header> headers;
    std::string body;
    std::optional<ApiError> error = {};  ///< what `body` says: the connection puts it into the client's dialect

    void set(std::string name, std::string value) { headers.push_back({std::move(name), std::move(value)}); }
};

const char* reason_phrase(int status) noexcept;
/// ASCII letters in lower case, as header names and host names compare.
std::string lower_ascii(std::string_view text);

/// The response's start line and headers, CRLF included. Values with control bytes are dropped: no response splitting.
std::string response_head(const Response& response);

/// What a stream's writes are made of. Only server-sent events have room for pings.
enum class StreamKind { kSse, kNdjson };

/// How a route answers: once with send(), or with begin_sse() and write(). Used from one thread at a time.
class ResponseWriter {
  public:
    virtual ~ResponseWriter() = default;
    /// A whole answer. False when an event stream's head has already gone out: report the failure in the stream then.
    virtual bool send(Response response) = 0;
    /// Declares an event stream. Its head goes out with the first write(), or after a second of silence, so that an
    /// error found early can still be sent with its own status.
    void begin_sse() { begin_stream(StreamKind::kSse); }
    virtual void begin_stream(StreamKind kind) = 0;
    /// Appends to the stream. False once the client has gone or reads too slowly; `cancelled` is requested then too.
    virtual bool write(std::string_view bytes) = 0;
    /// Requested when the client disconnects, reads too slowly, or the server's drain deadline passed.
    virtual std::stop_token cancelled() const = 0;
    /// The answer was sent and the route works on: the client may send its next request.
    virtual void release() {}
};

}  // namespace hearth::web
