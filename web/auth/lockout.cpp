#include "web/auth/lockout.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace hearth::web {
namespace {

/// A household has a /64: otherwise every guess could come from an address of its own.
std::string network_of(const std::string& address) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return address;
    constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return address;
    return std::string(bytes.begin(), bytes.begin() + 8);
}

}  // namespace

std::chrono::milliseconds Lockout::wait_for(const std::string& address, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto found = records_.find(network_of(address));
    if (found == records_.end() || found->second.until <= now) return {};
    return std::chrono::ceil<std::chrono::milliseconds>(found->second.until - now);
}

void Lockout::failed(const std::string& address, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    make_room_locked(now);
    Record& record = records_[network_of(address)];
    if (record.mistakes > 0 && now - record.last > kForgetAfter) record = {};
    record.last = now;
    const int doublings = std::min(++record.mistakes - kFreeMistakes, 16);
    if (doublings < 0) return;
    record.until = now + std::min<std::chrono::seconds>(kFirstWait * (1 << doublings), kLongestWait);
}

void Lockout::succeeded(const std::string& address) {
    const std::lock_guard lock(mutex_);
    records_.erase(network_of(address));
}

void Lockout::make_room_locked(Clock::time_point now) {
    if (records_.size() < kMaxAddresses) return;
    std::erase_if(records_, [&](const auto& entry) { return now - entry.second.last > kForgetAfter; });
    if (records_.size() < kMaxAddresses) return;
    records_.erase(std::min_element(records_.begin(), records_.end(),
                                    [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
}

}  // namespace hearth::web
