#include "llm/stop_strings.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace hearth::llm {

StopStrings::StopStrings(std::vector<std::string> stops) : stops_(std::move(stops)) {
    std::erase(stops_, std::string());
}

std::string StopStrings::push(std::string_view delta) {
    if (matched_) return {};
    pending_ += delta;
    std::size_t first_begin = std::string::npos;
    std::size_t first_end = std::string::npos;
    for (const std::string& stop : stops_) {
        const std::size_t begin = pending_.find(stop);
        if (begin == std::string::npos) continue;
        const std::size_t end = begin + stop.size();
        // Earliest end, so that the cut does not depend on how the text was split into deltas.
        if (std::pair(end, begin) < std::pair(first_end, first_begin))
            std::tie(first_end, first_begin) = std::pair(end, begin);
    }
    if (first_begin != std::string::npos) {
        matched_ = true;
        pending_.resize(first_begin);
        return std::exchange(pending_, {});
    }
    const std::size_t kept = held_back();
    std::string certain = pending_.substr(0, pending_.size() - kept);
    pending_.erase(0, pending_.size() - kept);
    return certain;
}

std::string StopStrings::finish() {
    return matched_ ? std::string() : std::exchange(pending_, {});
}

/// Length of the longest end of the pending text that begins a stop string.
std::size_t StopStrings::held_back() const {
    std::size_t longest = 0;
    for (const std::string& stop : stops_) {
        for (std::size_t length = std::min(stop.size() - 1, pending_.size()); length > longest; --length) {
            if (pending_.ends_with(std::string_view(stop).substr(0, length))) {
                longest = length;
                break;
            }
        }
    }
    return longest;
}

}  // namespace hearth::llm
