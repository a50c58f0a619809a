#include "web/exchange.h"

#include <array>
#include <charconv>
#include <ctime>

#include "web/app.h"
#include "web/error_map.h"
#include "web/limits.h"
#include "web/sse.h"

namespace hearth::web {
namespace {

std::string http_date() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 40> text{};
    const std::size_t n = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return std::string(text.data(), n);
}

std::string hex(std::size_t value) {
    std::array<char, 16> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, 16).ptr;
    return std::string(text.data(), end);
}

}  // namespace

Exchange::Exchange(ExchangeTraits traits, std::function<void()> notify)
    : traits_(std::move(traits)), notify_(std::move(notify)) {}

bool Exchange::send_locked(Response& response) {
    if (state_ == State::kStreaming || state_ == State::kWhole) return false;
    speak(traits_.dialect, response);
    Request identity;
    identity.id = traits_.request_id;
    App::add_common_headers(identity, response);
    response.headers.insert(response.headers.end(), traits_.headers.begin(), traits_.headers.end());
    response.set("Date", http_date());
    if (response.status != 304 && response.status != 204) {
        response.set("Content-Length", std::to_string(response.body.size()));
    }
    response.set("Connection", traits_.keep_alive ? "keep-alive" : "close");
    pending_ = response_head(response);
    if (traits_.method != Method::kHead && response.status != 304) pending_ += response.body;
    state_ = State::kWhole;
    return true;
}

bool Exchange::send(Response response) {
    {
        const std::lock_guard lock(mutex_);
        if (!send_locked(response)) return false;
    }
    notify_();
    return true;
}

void Exchange::begin_stream(StreamKind kind) {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return;
    state_ = State::kStreamDeclared;
    kind_ = kind;
    declared_at_ = Clock::now();
}

void Exchange::start_stream_locked() {
    Response head;
    head.set("Content-Type", kind_ == StreamKind::kSse ? "text/event-stream; charset=utf-8" : "application/x-ndjson");
    head.set("X-Accel-Buffering", "no");
    if (traits_.http11) head.set("Transfer-Encoding", "chunked");
    Request identity;
    identity.id = traits_.request_id;
    App::add_common_headers(identity, head);
    head.headers.insert(head.headers.end(), traits_.headers.begin(), traits_.headers.end());
    head.set("Date", http_date());
    head.set("Connection", traits_.keep_alive && traits_.http11 ? "keep-alive" : "close");
    pending_ = response_head(head);
    state_ = State::kStreaming;
}

void Exchange::append_locked(std::string_view bytes) {
    last_output_ = Clock::now();
    if (!traits_.http11) {
        pending_ += bytes;
        return;
    }
    pending_.append(hex(bytes.size())).append("\r\n").append(bytes).append("\r\n");
}

bool Exchange::write(std::string_view bytes) {
    {
        const std::lock_guard lock(mutex_);
        if (stop_.stop_requested() && state_ != State::kStreaming) return false;
        if (state_ == State::kStreamDeclared) start_stream_locked();
        if (state_ != State::kStreaming || finished_) return false;
        if (pending_.size() + bytes.size() > kMaxStreamBufferBytes) {
            stop_.request_stop();
            return false;
        }
        if (!bytes.empty()) append_locked(bytes);
    }
    notify_();
    return !stop_.stop_requested();
}

void Exchange::finish() {
    {
        const std::lock_guard lock(mutex_);
        if (state_ == State::kStreamDeclared) start_stream_locked();
        if (state_ == State::kOpen) {
            Response response = error_response({500,
                                                "the request ended without an answer; hearth's log has the details",
                                                "server_error",
                                                {},
                                                "internal",
                                                {}});
            send_locked(response);
        }
        finished_ = true;
    }
    notify_();
}

Exchange::Output Exchange::take() {
    const std::lock_guard lock(mutex_);
    Output out;
    if (state_ == State::kOpen || state_ == State::kStreamDeclared) return out;
    out.bytes.swap(pending_);
    const bool stream = state_ == State::kStreaming;
    if (stream && finished_ && !ended_ && traits_.http11) out.bytes += "0\r\n\r\n";
    ended_ = finished_;
    out.last = finished_;
    out.keep_alive = traits_.keep_alive && (!stream || traits_.http11);
    return out;
}

void Exchange::tick(Clock::time_point now) {
    {
        const std::lock_guard lock(mutex_);
        if (finished_) return;
        const bool silent_head = state_ == State::kStreamDeclared && now - declared_at_ >= kStreamHeadDelay;
        if (silent_head) start_stream_locked();
        if (state_ != State::kStreaming) return;
        if (!silent_head && now - last_output_ < kPingInterval) return;
        if (kind_ == StreamKind::kSse && pending_.size() < kMaxStreamBufferBytes) append_locked(kSsePing);
    }
    notify_();
}

}  // namespace hearth::web
