// What is in work now under an id, so that another request or the end of the server can stop it.
#pragma once

#include <map>
#include <mutex>
#include <stop_token>
#include <string>

namespace hearth::web {

/// Thread-safe.
class StopRegistry {
  public:
    /// Registers one piece of work while it lives.
    class Entry {
      public:
        Entry(StopRegistry& all, std::string id) : all_(all), id_(std::move(id)) {
            const std::lock_guard lock(all_.mutex_);
            all_.stops_[id_] = stop_;
        }
        ~Entry() {
            const std::lock_guard lock(all_.mutex_);
            all_.stops_.erase(id_);
        }
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        std::stop_source& stop() noexcept { return stop_; }

      private:
        StopRegistry& all_;
        const std::string id_;
        std::stop_source stop_;
    };

    /// False when it does not run (any more).
    bool cancel(const std::string& id) {
        std::stop_source stop{std::nostopstate};
        {
            const std::lock_guard lock(mutex_);
            const auto found = stops_.find(id);
            if (found == stops_.end()) return false;
            stop = found->second;
        }
        stop.request_stop();
        return true;
    }
    bool contains(const std::string& id) const {
        const std::lock_guard lock(mutex_);
        return stops_.count(id) > 0;
    }
    void cancel_all() {
        std::map<std::string, std::stop_source> all;
        {
            const std::lock_guard lock(mutex_);
            all = stops_;
        }
        for (auto& [id, stop] : all) stop.request_stop();
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::stop_source> stops_;
};

}  // namespace hearth::web
