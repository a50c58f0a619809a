// Wrong keys make their address wait: each one longer than the one before.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace hearth::web {

/// Thread-safe, and bounded: of too many addresses those whose last mistake is oldest are forgotten.
class Lockout {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr int kFreeMistakes = 5;
    static constexpr std::size_t kMaxAddresses = 4096;
    static constexpr std::chrono::seconds kFirstWait{1};  ///< doubles with every mistake
    static constexpr std::chrono::seconds kLongestWait{300};
    static constexpr std::chrono::minutes kForgetAfter{15};

    /// How long `address` must still wait; 0 = not at all. An IPv6 address counts as its /64.
    std::chrono::milliseconds wait_for(const std::string& address, Clock::time_point now);
    void failed(const std::string& address, Clock::time_point now);
    void succeeded(const std::string& address);

  private:
    struct Record {
        int mistakes = 0;
        Clock::time_point last;
        Clock::time_point until;
    };
    void make_room_locked(Clock::time_point now);

    std::mutex mutex_;
    std::map<std::string, Record> records_;
};

}  // namespace hearth::web
