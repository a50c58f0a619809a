// One client's connection: reads requests, hands them to the app in order, writes the answers, watches for hang-ups.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "web/byte_stream.h"
#include "web/connection_hub.h"
#include "web/exchange.h"

namespace hearth::web {

/// Who is at the other end.
struct Peer {
    std::string name;    ///< the address without its port; of a UNIX socket "unix uid N"
    bool local = false;  ///< a UNIX socket's
};

/// Lives as long as an operation or a handler refers to it. All members are touched on the socket's strand only.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(ByteStream stream, Peer peer, std::shared_ptr<ConnectionHub> hub)
        : stream_(std::move(stream)),
          peer_(std::move(peer)),
          timer_(stream_.get_executor()),
          ticker_(stream_.get_executor()),
          hub_(std::move(hub)),
          buffer_(kMaxHeaderBytes + kMaxPipelinedBytes + kChunkBytes) {}
    ~Connection() { hub_->remove(this); }

    void start();
    void drain();
    void cancel();
    /// On the strand, or when no other thread runs any more.
    void close();

  private:
    static constexpr std::size_t kChunkBytes = 64u << 10;
    static constexpr std::size_t kMaxLingerBytes = 16u << 20;
    using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;

    void shake_hands();
    void part();
    void wait_for_request(std::chrono::seconds patience);
    void read_request_head();
    void on_head(boost::system::error_code error);
    void plan_request();
    void begin_body();
    void read_body();
    void on_body(boost::system::error_code error);
    Status take_body_bytes(std::size_t bytes);
    ApiError body_too_large(std::int64_t bytes) const;
    bool lease_body(std::size_t bytes);
    bool body_too_slow() const;
    void dispatch();
    void run_in(WorkerPool& pool);
    void prepare_then_generate();
    void watch();
    void on_watched(boost::system::error_code error, std::size_t bytes);
    void tick();
    void pump();
    void on_written(boost::system::error_code error, bool last, bool keep_alive);
    void answered(bool keep_alive);
    void refuse(Response response);
    void refuse(const ApiError& error) { refuse(error_response(error)); }
    void linger();
    void arm(std::chrono::seconds patience);
    void disarm();
    void end_exchange();
    ExchangeTraits traits(bool keep_alive) const;
    void new_exchange(bool keep_alive);

    ByteStream stream_;
    const Peer peer_;
    boost::asio::steady_timer timer_;
    boost::asio::steady_timer ticker_;
    std::shared_ptr<ConnectionHub> hub_;
    boost::beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    std::array<char, kChunkBytes> chunk_{};
    std::shared_ptr<Request> request_;
    Plan plan_;
    std::size_t body_bytes_ = 0;
    std::chrono::steady_clock::time_point body_began_;
    std::shared_ptr<Exchange> exchange_;
    std::string writing_;
    std::size_t lingered_ = 0;
    unsigned arm_count_ = 0;
    bool is_writing_ = false;
    bool is_watching_ = false;
    bool next_after_watch_ = false;
    bool unread_body_ = false;
    bool peer_gone_ = false;
};

/// Takes the stream over; its executor must be a strand.
void serve_connection(ByteStream stream, const Peer& peer, std::shared_ptr<ConnectionHub> hub);

}  // namespace hearth::web
