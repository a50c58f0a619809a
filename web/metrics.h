// Counters and histograms of the HTTP face, and a small writer of the Prometheus text format.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "llm/types.h"

namespace hearth::web {

/// Appends families in the Prometheus text exposition format 0.0.4.
class PrometheusText {
  public:
    void family(std::string_view name, std::string_view type, std::string_view help);
    /// `labels` is either empty or the inside of the braces, values already escaped by label().
    void sample(std::string_view name, std::string_view labels, double value);
    static std::string label(std::string_view name, std::string_view value);
    std::string take() { return std::move(text_); }

  private:
    std::string text_;
};

/// Bucket edges 0.01 * 2^k seconds up to 81.92, as OpenTelemetry recommends for request durations.
class Histogram {
  public:
    static constexpr int kBuckets = 14;
    void observe(double seconds) noexcept;
    void write(PrometheusText& out, const std::string& name, const std::string& labels) const;

  private:
    std::array<std::uint64_t, kBuckets + 1> counts_{};
    double sum_ = 0;
};

struct GenerationFigures {
    std::int64_t running = 0;
    std::int64_t requests_total = 0;
    double last_tokens_per_second = 0;  ///< of the last finished answer; 0 before the first
};

/// Thread-safe. Labels hold route patterns, never paths or user text.
class Metrics {
  public:
    void request_done(std::string_view route, std::string_view method, int status, double seconds);
    void refused_busy();
    void generation_started();
    void generation_done(const llm::Usage& usage, double first_token_seconds, double total_seconds);
    void generation_progressed();
    void generation_failed();
    /// The client left or the server stops: nobody's failure.
    void generation_cancelled();
    /// Since the last start, progress or end of any answer; 0 while none is in work.
    std::chrono::seconds generation_silent_for() const;
    GenerationFigures generation() const;
    void write(PrometheusText& out) const;

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> requests_;     ///< by label text
    std::map<std::string, Histogram> request_seconds_;  ///< by label text
    std::uint64_t refused_ = 0;
    std::uint64_t failed_generations_ = 0;
    std::uint64_t cancelled_generations_ = 0;
    std::chrono::steady_clock::time_point progressed_at_{};
    std::uint64_t prompt_tokens_ = 0;
    std::uint64_t cached_tokens_ = 0;
    std::uint64_t completion_tokens_ = 0;
    Histogram first_token_seconds_;
    Histogram answer_seconds_;
    Histogram queue_seconds_;
    GenerationFigures generation_;
};

}  // namespace hearth::web
