// One budget for every large allocation (weights, KV cache, index, worker buffers): refuse early, never wedge the host.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"

namespace hearth {

/// Accounts bytes by named part. Thread-safe. Leases must not outlive the ledger.
class MemoryLedger {
  public:
    /// Releases its bytes on destruction. Move-only.
    class Lease {
      public:
        Lease() = default;
        Lease(Lease&& other) noexcept
            : ledger_(std::exchange(other.ledger_, nullptr)),
              part_(std::move(other.part_)),
              bytes_(std::exchange(other.bytes_, 0)) {}
        Lease& operator=(Lease&& other) noexcept;
        ~Lease();
        std::size_t bytes() const noexcept { return bytes_; }

      private:
        friend class MemoryLedger;
        Lease(MemoryLedger* ledger, std::string part, std::size_t bytes)
            : ledger_(ledger), part_(std::move(part)), bytes_(bytes) {}
        MemoryLedger* ledger_ = nullptr;
        std::string part_;
        std::size_t bytes_ = 0;
    };

    explicit MemoryLedger(std::size_t budget_bytes) : budget_bytes_(budget_bytes) {}

    /// kResourceExhausted with the numbers by part when `bytes` does not fit the budget.
    Result<Lease> reserve(const std::string& part, std::size_t bytes);

    std::size_t budget_bytes() const noexcept { return budget_bytes_; }
    std::size_t used_bytes() const;
    std::vector<std::pair<std::string, std::size_t>> parts() const;

  private:
    void release(const std::string& part, std::size_t bytes);
    const std::size_t budget_bytes_;
    mutable std::mutex mutex_;
    std::map<std::string, std::size_t> parts_;
    std::size_t used_ = 0;
};

/// MemAvailable of /proc/meminfo in bytes; 0 when it cannot be read.
std::size_t available_memory_bytes();

}  // namespace hearth
