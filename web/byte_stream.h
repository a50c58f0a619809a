// The bytes of one connection, whatever carries them: TCP, a UNIX socket, or TLS over either.
#pragma once

#include <memory>
#include <utility>
#include <variant>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace hearth::web {

/// A stream as Asio's and Beast's operations take it. Not thread-safe.
class ByteStream {
  public:
    using Socket = boost::asio::generic::stream_protocol::socket;
    using Tls = boost::asio::ssl::stream<Socket>;
    using executor_type = Socket::executor_type;

    /// Null context = plain.
    ByteStream(Socket socket, std::shared_ptr<boost::asio::ssl::context> context)
        : context_(std::move(context)), stream_(std::in_place_type<Socket>, std::move(socket)) {
        if (!context_) return;
        Socket inner = std::move(std::get<Socket>(stream_));
        stream_.emplace<Tls>(std::move(inner), *context_);
    }

    executor_type get_executor() noexcept { return socket().get_executor(); }
    Socket& socket() noexcept {
        Tls* secure = tls();
        return secure != nullptr ? secure->next_layer() : *std::get_if<Socket>(&stream_);
    }
    /// Null when plain.
    Tls* tls() noexcept { return std::get_if<Tls>(&stream_); }
    bool secure() const noexcept { return context_ != nullptr; }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        std::visit([&](auto& stream) { stream.async_read_some(buffers, std::forward<Handler>(handler)); }, stream_);
    }
    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        std::visit([&](auto& stream) { stream.async_write_some(buffers, std::forward<Handler>(handler)); }, stream_);
    }

  private:
    std::shared_ptr<boost::asio::ssl::context> context_;  ///< the connection's own, also after a reload
    std::variant<Socket, Tls> stream_;
};

}  // namespace hearth::web
