#include "web/auth/key_limits.h"

#include <algorithm>
#include <cmath>

namespace hearth::web {
namespace {

constexpr double kMillisecondsPerMinute = 60'000;

/// As OpenAI writes them: "120ms", "7s", "1m30s".
std::string duration_text(std::chrono::milliseconds duration) {
    const auto ms = duration.count();
    if (ms < 1000) return std::to_string(ms) + "ms";
    const auto seconds = (ms + 999) / 1000;
    if (seconds < 60) return std::to_string(seconds) + "s";
    return std::to_string(seconds / 60) + "m" + std::to_string(seconds % 60) + "s";
}

}  // namespace

KeyLimits::Rate KeyLimits::take_request(const std::string& key, std::int64_t per_minute, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const double size = static_cast<double>(per_minute);
    auto [entry, is_new] = buckets_.try_emplace(key);
    Bucket& bucket = entry->second;
    if (is_new || bucket.per_minute != per_minute) bucket = {size, per_minute, now};
    const double per_ms = size / kMillisecondsPerMinute;
    const std::chrono::duration<double, std::milli> passed = now - bucket.filled;
    bucket.tokens = std::min(size, bucket.tokens + std::max(passed.count(), 0.0) * per_ms);
    bucket.filled = now;
    Rate out;
    out.limit = per_minute;
    out.allowed = bucket.tokens >= 1;
    if (out.allowed) bucket.tokens -= 1;
    out.remaining = static_cast<std::int64_t>(bucket.tokens);
    const auto until = [&](double tokens) {
        return std::chrono::milliseconds(std::llround(std::ceil(std::max(tokens - bucket.tokens, 0.0) / per_ms)));
    };
    out.next = until(1);
    out.reset = until(size);
    return out;
}

std::shared_ptr<void> KeyLimits::take_generation(const std::string& key, std::int64_t most) {
    const std::lock_guard lock(counts_->mutex);
    std::int64_t& count = counts_->in_work[key];
    if (count >= most) return nullptr;
    ++count;
    return {counts_.get(), [counts = counts_, key](Counts*) {
                const std::lock_guard give_back(counts->mutex);
                if (--counts->in_work[key] == 0) counts->in_work.erase(key);
            }};
}

std::vector<Header> rate_headers(const KeyLimits::Rate& rate) {
    return {{"x-ratelimit-limit-requests", std::to_string(rate.limit)},
            {"x-ratelimit-remaining-requests", std::to_string(rate.remaining)},
            {"x-ratelimit-reset-requests", duration_text(rate.reset)}};
}

}  // namespace hearth::web
