// A listening socket, TCP or UNIX, and what is done with those who connect.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/result.h"
#include "web/connection_hub.h"

namespace hearth::web {

/// Accepts until told to stop. accept(), stop() and use_tls() from any thread; the rest before accept().
class Listener : public std::enable_shared_from_this<Listener> {
  public:
    using Socket = boost::asio::generic::stream_protocol::socket;

    Listener(boost::asio::io_context& io, std::shared_ptr<ConnectionHub> hub);

    /// An IP address of this machine; port 0 = any free one. kUnavailable names the remedy when it is in use.
    Status listen_tcp(const std::string& address, std::uint16_t port);
    /// Its file gets mode 0660: who may open it is who may connect. What a killed process left is replaced; a file that
    /// is no socket, or whose owner still listens, is not.
    Status listen_unix(const std::string& path);
    std::uint16_t port() const;

    /// For connections from now on; null = plain.
    void use_tls(std::shared_ptr<boost::asio::ssl::context> context);
    void accept();
    /// Removes the socket's file.
    void stop();

  private:
    using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

    void on_accept(boost::system::error_code error, Socket socket);
    std::string peer_of(Socket& socket) const;

    boost::asio::io_context& io_;
    Acceptor acceptor_;
    boost::asio::steady_timer retry_;
    std::shared_ptr<ConnectionHub> hub_;
    std::shared_ptr<boost::asio::ssl::context> tls_;
    std::string socket_path_;  ///< empty = TCP
};

}  // namespace hearth::web
