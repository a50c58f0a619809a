// A one-file HTTP server on a loopback port that misbehaves as told: for testing downloads.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/check.h"
#include "core/file.h"

namespace hearth::test {

enum class Fault {
    kNone,
    kTruncate,     ///< announces the whole length, closes after half
    kStall,        ///< sends a little, then nothing until the client leaves
    kLieLonger,    ///< announces more bytes than there are, closes
    kIgnoreRange,  ///< answers 200 with the whole file to a Range request
    kNotFound,
};

/// Serves `body` at every path, the n-th connection with the n-th fault (the last one repeats).
class FaultServer {
  public:
    FaultServer(std::string body, std::vector<Fault> faults) : body_(std::move(body)), faults_(std::move(faults)) {
        listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        HEARTH_CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        HEARTH_CHECK(::listen(listener_.get(), 16) == 0);
        socklen_t size = sizeof address;
        HEARTH_CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~FaultServer() {
        stopping_ = true;
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/model.gguf"; }
    /// What is served from the next connection on. Without an ETag, If-Range never matches.
    void replace(std::string body, std::string etag = {}) {
        const std::lock_guard lock(mutex_);
        body_ = std::move(body);
        etag_ = std::move(etag);
    }
    /// "GET /path?query HTTP/1.1" of the last connection.
    std::string request_line() const {
        const std::lock_guard lock(mutex_);
        return request_line_;
    }
    int connections() const { return connections_; }
    bool saw_range() const { return saw_range_; }

  private:
    void serve() {
        while (!stopping_) {
            const UniqueFd client(::accept(listener_.get(), nullptr, nullptr));
            if (!client.valid()) return;
            const auto turn = static_cast<std::size_t>(connections_++);
            answer(client.get(), faults_[std::min(turn, faults_.size() - 1)]);
        }
    }

    void answer(int client, Fault fault) {
        std::string head;
        for (char c; head.find("\r\n\r\n") == std::string::npos && ::read(client, &c, 1) == 1;) head += c;
        read_body(client, head);
        const std::lock_guard lock(mutex_);
        request_line_ = head.substr(0, head.find('\r'));
        std::size_t start = 0;
        const std::size_t range = head.find("Range: bytes=");
        if (range != std::string::npos) {
            saw_range_ = true;
            const std::size_t condition = head.find("If-Range: ");
            const bool same = condition == std::string::npos || head.compare(condition + 10, etag_.size(), etag_) == 0;
            if (fault != Fault::kIgnoreRange && same) start = std::strtoull(head.c_str() + range + 13, nullptr, 10);
        }
        if (fault == Fault::kNotFound) return send(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        if (start >= body_.size() && fault != Fault::kLieLonger) {
            return send(client, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */" +
                                    std::to_string(body_.size()) + "\r\nContent-Length: 0\r\n\r\n");
        }
        const std::size_t rest = body_.size() - start;
        const std::size_t announced = fault == Fault::kLieLonger ? rest + 1000 : rest;
        std::string reply = start > 0 ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " +
                                            std::to_string(start) + "-" + std::to_string(body_.size() - 1) + "/" +
                                            std::to_string(body_.size()) + "\r\n"
                                      : "HTTP/1.1 200 OK\r\n";
        if (!etag_.empty()) reply += "ETag: " + etag_ + "\r\n";
        send(client, reply + "Content-Length: " + std::to_string(announced) + "\r\nConnection: close\r\n\r\n");
        const bool part = fault == Fault::kTruncate || fault == Fault::kStall;
        send(client, body_.substr(start, part ? rest / 2 : rest));
        char c = 0;
        if (fault == Fault::kStall) (void)!::read(client, &c, 1);  // returns when the client gives up
    }

    /// So that closing does not reset a connection whose request nobody has read.
    static void read_body(int client, const std::string& head) {
        const std::size_t length = head.find("Content-Length: ");
        if (length == std::string::npos) return;
        char c = 0;
        for (std::size_t left = std::strtoull(head.c_str() + length + 16, nullptr, 10); left > 0; --left) {
            if (::read(client, &c, 1) != 1) return;
        }
    }

    static void send(int client, const std::string& text) {
        (void)write_all(client, std::as_bytes(std::span(text))).ok();  // the client may be gone: that is the test
    }

    mutable std::mutex mutex_;
    std::string request_line_;
    std::string body_;
    std::string etag_;
    std::vector<Fault> faults_;
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> saw_range_ = false;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace hearth::test
