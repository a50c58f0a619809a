#include "retrieval/query_cache.h"

namespace hearth::retrieval {

std::optional<std::vector<float>> QueryCache::find(const std::string& text) {
    const std::lock_guard lock(mutex_);
    const auto found = by_text_.find(text);
    if (found == by_text_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->vector;
}

void QueryCache::insert(const std::string& text, std::vector<float> vector) {
    const std::lock_guard lock(mutex_);
    if (by_text_.contains(text)) return;
    entries_.push_front({text, std::move(vector)});
    by_text_[text] = entries_.begin();
    if (entries_.size() <= capacity_) return;
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
}

}  // namespace hearth::retrieval
