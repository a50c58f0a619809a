#include "web/stop_filter.h"

#include <algorithm>

#include "core/utf8.h"

namespace hearth::web {

std::string StopFilter::release(std::size_t bytes) {
    std::string out = held_.substr(0, bytes);
    held_.erase(0, bytes);
    return out;
}

std::string StopFilter::push(std::string_view delta) {
    if (stopped_) return {};
    held_ += delta;
    std::size_t first = std::string::npos;
    for (const std::string& stop : stops_) {
        const std::size_t at = held_.find(stop);
        if (at >= first) continue;
        first = at;
        matched_ = stop;
    }
    if (first != std::string::npos) {
        stopped_ = true;
        return release(first);
    }
    std::size_t keep = 0;  // longest tail that begins a stop string
    for (const std::string& stop : stops_) {
        for (std::size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n) {
            if (std::string_view(held_).substr(held_.size() - n) == std::string_view(stop).substr(0, n)) keep = n;
        }
    }
    return release(utf8_floor(held_, held_.size() - keep));
}

std::string StopFilter::flush() {
    return stopped_ ? std::string() : release(held_.size());
}

}  // namespace hearth::web
