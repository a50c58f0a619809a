// Measures one answer and reports it, also when it fails or its client leaves.
#pragma once

#include <chrono>
#include <stop_token>

#include "web/metrics.h"

namespace hearth::web {

class AnswerMeter {
  public:
    AnswerMeter(Metrics& metrics, std::stop_token cancelled) : metrics_(metrics), cancelled_(std::move(cancelled)) {
        metrics_.generation_started();
    }
    ~AnswerMeter() {
        if (done_) return;
        if (cancelled_.stop_requested()) {
            metrics_.generation_cancelled();
        } else {
            metrics_.generation_failed();
        }
    }
    AnswerMeter(const AnswerMeter&) = delete;
    AnswerMeter& operator=(const AnswerMeter&) = delete;
    void text() {
        if (first_seconds_ < 0) first_seconds_ = elapsed();
        metrics_.generation_progressed();
    }
    void done(const llm::Usage& usage) {
        done_ = true;
        const double total = elapsed();
        metrics_.generation_done(usage, first_seconds_ < 0 ? total : first_seconds_, total);
    }

  private:
    double elapsed() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
    Metrics& metrics_;
    const std::stop_token cancelled_;
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    double first_seconds_ = -1;
    bool done_ = false;
};

}  // namespace hearth::web
