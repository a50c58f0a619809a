#include "llm/prefix_cache.h"

#include <algorithm>

#include "core/check.h"

namespace hearth::llm {
namespace {

std::size_t common_prefix(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
    const std::size_t limit = std::min(a.size(), b.size());
    return static_cast<std::size_t>(
        std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(limit), b.begin()).first - a.begin());
}

}  // namespace

int PrefixCache::reuse(std::span<const std::int32_t> tokens, KvSequence& sequence) {
    if (tokens.empty()) return 0;
    std::size_t best = 0;
    std::size_t best_entry = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const std::size_t common = common_prefix(tokens.first(tokens.size() - 1), entries_[i].tokens);
        if (common > best) {
            best = common;
            best_entry = i;
        }
    }
    const int shared = static_cast<int>(best) / kKvBlockTokens * kKvBlockTokens;
    if (shared == 0) return 0;
    sequence.share(entries_[best_entry].sequence, shared);
    std::rotate(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(best_entry),
                entries_.begin() + static_cast<std::ptrdiff_t>(best_entry) + 1);
    return shared;
}

void PrefixCache::remember(std::vector<std::int32_t> tokens, KvSequence sequence) {
    HEARTH_CHECK(tokens.size() == static_cast<std::size_t>(sequence.length()));
    const int whole = sequence.length() / kKvBlockTokens * kKvBlockTokens;
    if (whole == 0) return;
    sequence.truncate(whole);
    tokens.resize(static_cast<std::size_t>(whole));
    // An entry that the new one continues (or repeats) has nothing more to give.
    std::erase_if(entries_,
                  [&](const Entry& entry) { return common_prefix(entry.tokens, tokens) == entry.tokens.size(); });
    entries_.push_front({std::move(tokens), std::move(sequence)});
    if (entries_.size() > max_entries_) entries_.pop_back();
}

bool PrefixCache::forget_oldest() {
    if (entries_.empty()) return false;
    entries_.pop_back();
    return true;
}

}  // namespace hearth::llm
