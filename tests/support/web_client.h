// Two ways to talk to hearth_web: straight to the App without sockets, and over a raw TCP connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "web/app.h"

namespace hearth::test {

/// Collects what a route answers. `accept` limits how many stream writes succeed before the client "hangs up".
class CapturingWriter : public web::ResponseWriter {
  public:
    int accept = 1'000'000;
    web::Response response;
    std::string stream;
    bool streaming = false;
    bool ndjson = false;
    web::Dialect dialect = web::Dialect::kOpenAi;
    bool sent = false;

    bool send(web::Response reply) override {
        if (!stream.empty()) return false;
        web::speak(dialect, reply);
        response = std::move(reply);
        streaming = false;
        sent = true;
        return true;
    }
    void begin_stream(web::StreamKind kind) override {
        streaming = true;
        ndjson = kind == web::StreamKind::kNdjson;
    }
    bool write(std::string_view bytes) override {
        if (accept-- <= 0) {
            stop_.request_stop();
            return false;
        }
        stream += bytes;
        return true;
    }
    std::stop_token cancelled() const override { return stop_.get_token(); }

    nlohmann::json json() const { return nlohmann::json::parse(response.body); }
    std::string header(std::string_view name) const {
        for (const auto& header : response.headers) {
            if (header.name == name) return header.value;
        }
        return {};
    }
    /// The payloads of the stream's data lines.
    std::vector<std::string> events() const {
        std::vector<std::string> out;
        std::size_t at = 0;
        while ((at = stream.find("data: ", at)) != std::string::npos) {
            const std::size_t end = stream.find("\n\n", at);
            out.push_back(stream.substr(at + 6, end - at - 6));
            at = end;
        }
        return out;
    }

  private:
    std::stop_source stop_;
};

/// Plans and runs one request as a connection would.
inline void call(web::App& app, web::Request& request, CapturingWriter& writer) {
    if (request.header("host").empty()) request.headers.push_back({"host", "localhost:1"});
    request.id = "req_test";
    writer.dialect = web::dialect_of(request.path);
    web::Plan plan = app.plan(request);
    if (plan.refusal) {
        writer.send(std::move(*plan.refusal));
        return;
    }
    app.run(plan, request, writer);
}

inline CapturingWriter call(web::App& app, web::Method method, std::string_view target, std::string body = {}) {
    web::Request request;
    request.method = method;
    HEARTH_CHECK(web::parse_target(target, request).ok());
    request.body = std::move(body);
    CapturingWriter writer;
    call(app, request, writer);
    return writer;
}

/// A blocking client socket with a deadline on every read.
class RawClient {
  public:
    explicit RawClient(std::uint16_t port, int receive_buffer = 0)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer > 0) {
            ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        }
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }

    bool connected() const { return connected_; }
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    void get(const std::string& target, const std::string& extra = {}) {
        send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + extra + "\r\n");
    }
    void post(const std::string& target, const std::string& body, const std::string& extra = {}) {
        send("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
             "\r\n" + extra + "\r\n" + body);
    }

    /// Reads until `done(everything so far)`, the peer closes, or the deadline passes. Returns everything so far.
    std::string read_until(const std::function<bool(const std::string&)>& done,
                           std::chrono::seconds patience = std::chrono::seconds(20)) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!done(received_) && !closed_) {
            const auto left =
                std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
            pollfd waiting{fd_.get(), POLLIN, 0};
            const int wait_ms =
                std::max(0, static_cast<int>(left.count()));  // past the deadline: what is there already
            if (::poll(&waiting, 1, wait_ms) <= 0) break;
            char buffer[4096];
            const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
            if (n <= 0)
                closed_ = true;
            else
                received_.append(buffer, static_cast<std::size_t>(n));
            if (wait_ms == 0) break;
        }
        return received_;
    }
    std::string read_until(const std::string& text) {
        return read_until([&](const std::string& all) { return all.find(text) != std::string::npos; });
    }
    std::string read_all() {
        return read_until([](const std::string&) { return false; });
    }
    /// One whole response with a Content-Length, taken out of what was received.
    std::string response() {
        std::size_t total = std::string::npos;
        read_until([&](const std::string& all) {
            const std::size_t head = all.find("\r\n\r\n");
            const std::size_t length = all.find("Content-Length: ");
            if (head == std::string::npos || length > head) return false;
            total = head + 4 + std::strtoul(all.c_str() + length + 16, nullptr, 10);
            return all.size() >= total;
        });
        const std::string out = received_.substr(0, total);
        received_.erase(0, std::min(total, received_.size()));
        return out;
    }
    bool closed() const { return closed_; }
    void close() { fd_.reset(); }

  private:
    UniqueFd fd_;
    bool connected_ = false;
    bool closed_ = false;
    std::string received_;
};

/// Polls `condition` until it holds or ten seconds have passed.
inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        ::poll(nullptr, 0, 5);
    }
    return true;
}

}  // namespace hearth::test
