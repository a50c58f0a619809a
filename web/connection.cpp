#include "web/connection.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include "core/hash.h"
#include "core/log.h"
#include "web/http_head.h"
#include "web/limits.h"

namespace hearth::web {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

void Connection::arm(std::chrono::seconds patience) {
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this(), count = ++arm_count_](error_code error) {
        if (!error && count == self->arm_count_) self->close();
    });
}

void Connection::disarm() {
    ++arm_count_;
    timer_.cancel();
}

void Connection::close() {
    disarm();
    ticker_.cancel();
    if (exchange_) {
        exchange_->cancel();
        end_exchange();
    }
    error_code ignored;
    stream_.socket().shutdown(ByteStream::Socket::shutdown_both, ignored);
    stream_.socket().close(ignored);
}

void Connection::start() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
        error_code ignored;
        self->stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
        self->shake_hands();
    });
}

void Connection::shake_hands() {
    if (!stream_.secure()) return wait_for_request(kHeaderTimeout);
    arm(kHeaderTimeout);
    stream_.tls()->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
        if (error) return self->close();
        self->wait_for_request(kHeaderTimeout);
    });
}

/// TLS says goodbye: without it the other side cannot tell an end from a cut.
void Connection::part() {
    if (!stream_.secure() || !stream_.socket().is_open()) return close();
    arm(kLingerTimeout);
    stream_.tls()->async_shutdown([self = shared_from_this()](error_code) { self->close(); });
}

void Connection::drain() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
        if (!self->exchange_) self->close();
    });
}

void Connection::cancel() {
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
        if (self->exchange_) self->exchange_->cancel();
    });
}

void Connection::wait_for_request(std::chrono::seconds patience) {
    if (hub_->draining) return close();
    if (buffer_.size() > 0) return read_request_head();
    arm(patience);
    stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](error_code error, std::size_t bytes) {
        if (error) return self->close();
        self->buffer_.commit(bytes);
        self->read_request_head();
    });
}

void Connection::read_request_head() {
    request_ = std::make_shared<Request>();
    request_->id = "req_" + random_hex(12);
    request_->peer = peer_.name;
    request_->local = peer_.local;
    request_->secure = stream_.secure();
    plan_ = {};
    body_bytes_ = 0;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(kMaxHeaderBytes));
    parser_->body_limit(boost::none);
    arm(kHeaderTimeout);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](error_code error, std::size_t) { self->on_head(error); });
}

void Connection::on_head(error_code error) {
    const auto& http_category = error_code(http::error::end_of_stream).category();
    if (error == http::error::end_of_stream || error == http::error::partial_message) return close();
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
        return refuse({431, "the request head is larger than 32768 bytes", "invalid_request_error", {}, {}, {}});
    }
    if (error && error.category() == http_category) {
        return refuse(bad_request("the request is not well-formed HTTP/1.1: " + error.message()));
    }
    if (error) return close();
    plan_request();
}

void Connection::plan_request() {
    if (const auto error = read_head(parser_->get(), *request_)) return refuse(*error);
    plan_ = hub_->app.plan(*request_);
    const auto length = parser_->content_length();
    if (plan_.refusal) {
        if (!parser_->is_done()) return refuse(std::move(*plan_.refusal));
        new_exchange(parser_->keep_alive());
        exchange_->send(std::move(*plan_.refusal));
        return exchange_->finish();
    }
    if (length && *length > plan_.max_body_bytes) {
        return refuse(body_too_large(static_cast<std::int64_t>(*length)));
    }
    begin_body();
}

/// `bytes` 0 = not known yet.
ApiError Connection::body_too_large(std::int64_t bytes) const {
    if (plan_.route->body == BodyKind::kFile) return too_large("the file", bytes, hub_->app.options().max_upload_bytes);
    const std::string size = bytes > 0 ? " has " + std::to_string(bytes) + " bytes" : " is too large";
    return {413,
            "the body" + size + "; at most " + std::to_string(plan_.max_body_bytes) + " bytes are possible here",
            "invalid_request_error",
            {},
            "too_large",
            {}};
}

void Connection::begin_body() {
    if (parser_->is_done()) return dispatch();
    if (plan_.route->body == BodyKind::kFile) {
        auto file = UploadFile::create(hub_->app.options().inbox_directory);
        if (!file.ok()) return refuse(api_error(file.error()));
        request_->upload = std::make_shared<UploadFile>(std::move(*file));
    }
    body_began_ = std::chrono::steady_clock::now();
    if (request_->header("expect").empty()) return read_body();
    arm(kWriteTimeout);
    writing_ = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(writing_), [self = shared_from_this()](error_code error, std::size_t) {
        if (error) return self->close();
        self->read_body();
    });
}

void Connection::read_body() {
    arm(kBodyGrace);
    parser_->get().body() = {chunk_.data(), chunk_.size(), true};
    http::async_read_some(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) { self->on_body(error); });
}

Status Connection::take_body_bytes(std::size_t bytes) {
    body_bytes_ += bytes;
    if (request_->upload) return request_->upload->append({chunk_.data(), bytes});
    request_->body.append(chunk_.data(), bytes);
    return {};
}

/// A body that goes to disk costs no memory. The request gives its share back when it is answered.
bool Connection::lease_body(std::size_t bytes) {
    return request_->upload != nullptr || request_->body_lease.grow_to(hub_->bodies, bytes);
}

bool Connection::body_too_slow() const {
    const auto elapsed = std::chrono::steady_clock::now() - body_began_;
    if (elapsed < kBodyGrace) return false;
    const auto seconds = static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(elapsed).count());
    return body_bytes_ < seconds * kMinBodyBytesPerSecond;
}

void Connection::on_body(error_code error) {
    if (error && error != http::error::need_buffer) {
        const bool malformed = error.category() == error_code(http::error::end_of_stream).category();
        if (malformed && error != http::error::partial_message && error != http::error::end_of_stream) {
            return refuse(bad_request("the body is not well-formed: " + error.message()));
        }
        return close();
    }
    const std::size_t bytes = kChunkBytes - parser_->get().body().size;
    if (body_bytes_ + bytes > plan_.max_body_bytes) {
        return refuse(body_too_large(0));
    }
    if (!lease_body(body_bytes_ + bytes)) return refuse(bodies_full());
    const Status taken = take_body_bytes(bytes);
    if (!taken.ok()) {
        ApiError failure = api_error(taken.error());
        if (taken.error().code == ErrorCode::kResourceExhausted) failure.status = 507;
        return refuse(failure);
    }
    if (parser_->is_done()) return dispatch();
    if (body_too_slow()) return refuse({408, "the body came too slowly", "invalid_request_error", {}, {}, {}});
    read_body();
}

ExchangeTraits Connection::traits(bool keep_alive) const {
    const bool http11 = parser_ && parser_->is_header_done() && parser_->get().version() >= 11;
    return {request_->method,           http11,       keep_alive && !hub_->draining, request_->id,
            dialect_of(request_->path), plan_.headers};
}

void Connection::new_exchange(bool keep_alive) {
    exchange_ = std::make_shared<Exchange>(traits(keep_alive), [self = shared_from_this()] {
        asio::post(self->stream_.get_executor(), [self] { self->pump(); });
    });
    hub_->request_began();
}

/// The exchange keeps its connection alive while an answer is under way; this is where that ends.
void Connection::end_exchange() {
    exchange_.reset();
    hub_->request_ended();
}

void Connection::dispatch() {
    disarm();
    new_exchange(parser_->keep_alive());
    switch (plan_.route->lane) {
        case Lane::kInline:
            hub_->app.run(plan_, *request_, *exchange_);
            return exchange_->finish();
        case Lane::kShort:
            run_in(hub_->pools.short_jobs);
            break;
        case Lane::kBulk:
            run_in(hub_->pools.bulk_jobs);
            break;
        case Lane::kEvents:
            run_in(hub_->pools.events);
            break;
        case Lane::kGeneration:
            prepare_then_generate();
            break;
    }
    watch();
    tick();
}

void Connection::run_in(WorkerPool& pool) {
    hub_->run_in(pool, exchange_, [hub = hub_, plan = plan_, request = std::move(request_), exchange = exchange_] {
        hub->app.run(plan, *request, *exchange);
        exchange->finish();
    });
}

void Connection::prepare_then_generate() {
    auto generate = [hub = hub_, plan = plan_, request = request_, exchange = exchange_] {
        hub->app.run(plan, *request, *exchange);
        exchange->finish();
    };
    hub_->run_in(hub_->pools.short_jobs, exchange_,
                 [hub = hub_, plan = plan_, request = std::move(request_), exchange = exchange_, generate] {
                     if (!hub->app.prepare(plan, *request, *exchange)) return exchange->finish();
                     hub->run_in(hub->pools.generations, exchange, generate);
                 });
}

/// Reads ahead while a request is being answered: that is how a hang-up shows, and pipelined requests are kept.
void Connection::watch() {
    if (is_watching_ || buffer_.size() >= kMaxPipelinedBytes) return;
    is_watching_ = true;
    stream_.async_read_some(buffer_.prepare(4096), [self = shared_from_this()](error_code error, std::size_t bytes) {
        self->on_watched(error, bytes);
    });
}

void Connection::on_watched(error_code error, std::size_t bytes) {
    is_watching_ = false;
    buffer_.commit(bytes);
    const bool gone = error && error != asio::error::operation_aborted;
    if (gone) {
        peer_gone_ = true;
        if (exchange_) exchange_->cancel();
    }
    if (next_after_watch_) {
        next_after_watch_ = false;
        return gone ? close() : wait_for_request(kIdleTimeout);
    }
    if (!gone && exchange_) watch();
}

void Connection::tick() {
    if (plan_.route->lane != Lane::kGeneration && plan_.route->lane != Lane::kEvents) return;
    ticker_.expires_after(kStreamHeadDelay);
    ticker_.async_wait([weak = weak_from_this(), exchange = exchange_](error_code error) {
        const auto self = weak.lock();
        if (error || !self || self->exchange_ != exchange) return;
        exchange->tick(Exchange::Clock::now());
        self->tick();
    });
}

void Connection::pump() {
    if (is_writing_ || !exchange_ || !stream_.socket().is_open()) return;
    Exchange::Output output = exchange_->take();
    if (output.bytes.empty()) {
        if (output.last) answered(output.keep_alive);
        return;
    }
    is_writing_ = true;
    writing_ = std::move(output.bytes);
    arm(kWriteTimeout);
    asio::async_write(stream_, asio::buffer(writing_),
                      [self = shared_from_this(), last = output.last, keep = output.keep_alive](
                          error_code error, std::size_t) { self->on_written(error, last, keep); });
}

void Connection::on_written(error_code error, bool last, bool keep_alive) {
    is_writing_ = false;
    disarm();
    if (error) return close();
    if (last) return answered(keep_alive);
    pump();
}

void Connection::answered(bool keep_alive) {
    ticker_.cancel();
    end_exchange();
    request_.reset();
    if (unread_body_) return linger();
    if (!keep_alive || hub_->draining) return part();
    if (peer_gone_ && buffer_.size() == 0) return close();
    if (!is_watching_) return wait_for_request(kIdleTimeout);
    next_after_watch_ = true;
    error_code ignored;
    stream_.socket().cancel(ignored);
}

/// Answers without reading (the rest of) the body; the connection cannot be used afterwards.
void Connection::refuse(Response response) {
    disarm();
    unread_body_ = true;
    request_->upload.reset();
    new_exchange(false);
    exchange_->send(std::move(response));
    exchange_->finish();
}

/// Closing with unread bytes would reset the connection and could take the answer with it: read them away for a while.
void Connection::linger() {
    error_code ignored;
    if (lingered_ == 0) {
        // TLS has no way to end one direction only; the reader knows the answer's length.
        if (!stream_.secure()) stream_.socket().shutdown(ByteStream::Socket::shutdown_send, ignored);
        arm(kLingerTimeout);
    }
    stream_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](error_code error, std::size_t bytes) {
        self->lingered_ += bytes;
        if (error || self->lingered_ > kMaxLingerBytes) return self->close();
        self->linger();
    });
}

void serve_connection(ByteStream stream, const Peer& peer, std::shared_ptr<ConnectionHub> hub) {
    const auto connection = std::make_shared<Connection>(std::move(stream), peer, hub);
    hub->add(connection, peer.name);
    connection->start();
}

}  // namespace hearth::web
