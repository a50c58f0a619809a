#include "core/memory_ledger.h"

#include <fstream>

namespace hearth {

MemoryLedger::Lease& MemoryLedger::Lease::operator=(Lease&& other) noexcept {
    std::swap(ledger_, other.ledger_);
    std::swap(part_, other.part_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

MemoryLedger::Lease::~Lease() {
    if (ledger_ != nullptr) ledger_->release(part_, bytes_);
}

Result<MemoryLedger::Lease> MemoryLedger::reserve(const std::string& part, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > budget_bytes_ - used_) {
        std::string message = part + " needs " + std::to_string(bytes >> 20) + " MiB, but of the budget of " +
                              std::to_string(budget_bytes_ >> 20) + " MiB " + std::to_string(used_ >> 20) +
                              " MiB are in use";
        for (const auto& [name, used] : parts_) message += "; " + name + " " + std::to_string(used >> 20) + " MiB";
        message += ". Use a smaller model or context, or raise memory.budget_mib.";
        return Error(ErrorCode::kResourceExhausted, std::move(message));
    }
    used_ += bytes;
    parts_[part] += bytes;
    return Lease(this, part, bytes);
}

std::size_t MemoryLedger::used_bytes() const {
    const std::lock_guard lock(mutex_);
    return used_;
}

std::vector<std::pair<std::string, std::size_t>> MemoryLedger::parts() const {
    const std::lock_guard lock(mutex_);
    return {parts_.begin(), parts_.end()};
}

void MemoryLedger::release(const std::string& part, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
    const auto entry = parts_.find(part);
    HEARTH_CHECK(entry != parts_.end() && entry->second >= bytes);
    entry->second -= bytes;
    if (entry->second == 0) parts_.erase(entry);
}

std::size_t available_memory_bytes() {
    std::ifstream info("/proc/meminfo");
    for (std::string key; info >> key;) {
        std::size_t kib = 0;
        std::string rest;
        info >> kib;
        std::getline(info, rest);
        if (key == "MemAvailable:") return kib << 10;
    }
    return 0;
}

}  // namespace hearth
