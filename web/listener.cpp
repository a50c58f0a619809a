#include "web/listener.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "core/file.h"
#include "core/log.h"
#include "web/access.h"
#include "web/connection.h"
#include "web/limits.h"

namespace hearth::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptRetry{100};  // out of descriptors: wait for some to be closed
constexpr mode_t kSocketMode = 0660;

/// For a connection that is turned away before its request is read.
std::string full_reply(const std::string& why) {
    Response response = error_response({503, why, "overloaded", {}, "overloaded", kRetryAfter});
    response.set("Content-Length", std::to_string(response.body.size()));
    response.set("Connection", "close");
    return response_head(response) + response.body;
}

std::string ip_text(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = address->sa_family == AF_INET6
                            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr)
                            : &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    return ::inet_ntop(address->sa_family, bytes, text.data(), text.size()) == nullptr ? "" : text.data();
}

Error socket_error(const std::string& path, const std::string& what) {
    return Error(ErrorCode::kUnavailable, "cannot listen on " + path + ": " + what + "; choose another server.socket");
}

bool somebody_listens(const std::string& path) {
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EAGAIN;
}

Status remove_stale_socket(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return {};  // nothing there: what else is wrong, bind will say
    if (!S_ISSOCK(status.st_mode)) return socket_error(path, "there is a file of another kind");
    if (somebody_listens(path)) return socket_error(path, "another program listens there");
    if (::unlink(path.c_str()) != 0) return socket_error(path, std::strerror(errno));
    return {};
}

}  // namespace

Listener::Listener(asio::io_context& io, std::shared_ptr<ConnectionHub> hub)
    : io_(io), acceptor_(asio::make_strand(io)), retry_(acceptor_.get_executor()), hub_(std::move(hub)) {}

Status Listener::listen_tcp(const std::string& address, std::uint16_t port) {
    error_code error;
    const auto parsed = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, error);
    if (error) {
        return Error(ErrorCode::kInvalidArgument,
                     "'" + address + "' is not an IP address; use 127.0.0.1, ::1 or an address of this machine");
    }
    const tcp::endpoint endpoint(parsed, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return {};
    const std::string where = address + ":" + std::to_string(port);
    if (error == asio::error::address_in_use) {
        return Error(ErrorCode::kUnavailable,
                     where + " is in use by another program; stop it, or choose another port (--port, or server.port)");
    }
    return Error(ErrorCode::kUnavailable, "cannot listen on " + where + ": " + error.message() +
                                              "; choose another server.address or server.port");
}

Status Listener::listen_unix(const std::string& path) {
    if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
        return Error(ErrorCode::kInvalidArgument, "server.socket: '" + path + "' is longer than 107 bytes");
    }
    HEARTH_TRY_STATUS(remove_stale_socket(path));
    const asio::local::stream_protocol::endpoint endpoint(path);
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    // The file is made with this mode less the umask: it is never more open than it is meant to be.
    if (!error && ::fchmod(acceptor_.native_handle(), kSocketMode) != 0) {
        error.assign(errno, boost::system::system_category());
    }
    if (!error) acceptor_.bind(endpoint, error);
    if (!error && ::chmod(path.c_str(), kSocketMode) != 0) error.assign(errno, boost::system::system_category());
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return socket_error(path, error.message());
    socket_path_ = path;
    return {};
}

std::uint16_t Listener::port() const {
    error_code ignored;
    const auto endpoint = acceptor_.local_endpoint(ignored);
    const auto* address = reinterpret_cast<const sockaddr*>(endpoint.data());
    return ntohs(address->sa_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                                                : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

void Listener::use_tls(std::shared_ptr<asio::ssl::context> context) {
    asio::post(acceptor_.get_executor(), [self = shared_from_this(), context = std::move(context)]() mutable {
        self->tls_ = std::move(context);
    });
}

void Listener::accept() {
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
        if (!self->acceptor_.is_open()) return;
        self->acceptor_.async_accept(asio::make_strand(self->io_), [self](error_code error, Socket socket) {
            self->on_accept(error, std::move(socket));
        });
    });
}

void Listener::stop() {
    asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
        error_code ignored;
        self->acceptor_.close(ignored);
        self->retry_.cancel();
    });
    if (!socket_path_.empty()) (void)::unlink(socket_path_.c_str());
}

/// The address at the other end without its port; of a UNIX socket the user, as the kernel knows it.
std::string Listener::peer_of(Socket& socket) const {
    if (!socket_path_.empty()) {
        ucred peer{};
        socklen_t bytes = sizeof peer;
        if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return "unix";
        HEARTH_LOG(kDebug, "web", "local_peer",
                   {{"uid", static_cast<long>(peer.uid)},
                    {"gid", static_cast<long>(peer.gid)},
                    {"pid", static_cast<long>(peer.pid)}});
        return "unix uid " + std::to_string(peer.uid);
    }
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    return error ? std::string() : ip_text(reinterpret_cast<const sockaddr*>(endpoint.data()));
}

void Listener::on_accept(error_code error, Socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) {
        retry_.expires_after(kAcceptRetry);
        retry_.async_wait([self = shared_from_this()](error_code cancelled) {
            if (!cancelled) self->accept();
        });
        return;
    }
    const std::string peer = peer_of(socket);
    const bool local = !socket_path_.empty();
    if (const std::string why = hub_->why_full(peer, local || is_loopback(peer)); !why.empty()) {
        const std::string reply = full_reply(why);
        error_code ignored;
        socket.non_blocking(true, ignored);
        if (!tls_) socket.send(asio::buffer(reply), 0, ignored);
        socket.shutdown(Socket::shutdown_both, ignored);
    } else {
        serve_connection(ByteStream(std::move(socket), tls_), {peer, local}, hub_);
    }
    accept();
}

}  // namespace hearth::web
