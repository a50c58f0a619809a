// What one key may ask for: requests a minute, and answers in work at once.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "web/http.h"

namespace hearth::web {

/// Thread-safe. Keeps one record a key, so the file of keys bounds it.
class KeyLimits {
  public:
    using Clock = std::chrono::steady_clock;

    struct Rate {
        bool allowed = true;
        std::int64_t limit = 0;
        std::int64_t remaining = 0;
        std::chrono::milliseconds next{0};   ///< until one more request is possible
        std::chrono::milliseconds reset{0};  ///< until all are
    };
    /// A bucket of `per_minute` requests that fills evenly: a burst of them at most.
    Rate take_request(const std::string& key, std::int64_t per_minute, Clock::time_point now);
    /// Null when `most` answers of the key are in work; else a place that is given back when the last copy goes.
    std::shared_ptr<void> take_generation(const std::string& key, std::int64_t most);

  private:
    struct Bucket {
        double tokens = 0;
        std::int64_t per_minute = 0;
        Clock::time_point filled;
    };
    struct Counts {
        std::mutex mutex;
        std::map<std::string, std::int64_t> in_work;
    };

    std::mutex mutex_;
    std::map<std::string, Bucket> buckets_;
    const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();  ///< outlived by places
};

/// The headers by which OpenAI's clients pace themselves.
std::vector<Header> rate_headers(const KeyLimits::Rate& rate);

}  // namespace hearth::web
