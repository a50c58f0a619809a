// One answer on its way from a worker thread to a connection: a bounded buffer with HTTP/1.1 framing.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "web/dialect.h"
#include "web/http.h"

namespace hearth::web {

/// What a response's framing depends on.
struct ExchangeTraits {
    Method method = Method::kGet;
    bool http11 = true;
    bool keep_alive = true;
    std::string request_id;
    Dialect dialect = Dialect::kOpenAi;
    std::vector<Header> headers = {};  ///< of the answer, beside its own
};

/// The worker's side is ResponseWriter and finish(); the connection's side is take(), tick() and cancel(). Thread-safe.
class Exchange : public ResponseWriter {
  public:
    using Clock = std::chrono::steady_clock;

    /// `notify` is called, from any thread and without locks held, whenever take() may have something.
    Exchange(ExchangeTraits traits, std::function<void()> notify);

    bool send(Response response) override;
    void begin_stream(StreamKind kind) override;
    bool write(std::string_view bytes) override;
    std::stop_token cancelled() const override { return stop_.get_token(); }
    void release() override { finish(); }
    /// The handler returned. Nothing sent by then is a bug that becomes a 500.
    void finish();

    struct Output {
        std::string bytes;
        bool last = false;        ///< nothing follows
        bool keep_alive = false;  ///< meaningful with `last`
    };
    Output take();
    /// Once a second: lets the head of a silent stream go, and pings.
    void tick(Clock::time_point now);
    void cancel() { stop_.request_stop(); }

  private:
    enum class State { kOpen, kStreamDeclared, kStreaming, kWhole };

    void start_stream_locked();
    void append_locked(std::string_view bytes);
    bool send_locked(Response& response);

    const ExchangeTraits traits_;
    const std::function<void()> notify_;
    std::stop_source stop_;
    std::mutex mutex_;
    State state_ = State::kOpen;
    StreamKind kind_ = StreamKind::kSse;
    bool finished_ = false;
    bool ended_ = false;  ///< the last-chunk has been queued
    std::string pending_;
    Clock::time_point declared_at_;
    Clock::time_point last_output_;
};

}  // namespace hearth::web
