#include "ingest/token_windows.h"

#include <algorithm>

#include "core/utf8.h"
#include "ingest/sentences.h"

namespace hearth::ingest {
namespace {

/// First place after `limit`'s last blank within the last quarter; a code point's border where there is none.
std::size_t window_end(std::string_view text, std::size_t start, std::size_t limit) {
    const std::size_t earliest = limit - (limit - start) / 4;
    for (std::size_t at = limit; at > earliest; --at) {
        if (is_blank(text[at - 1])) return at;
    }
    return utf8_floor(text, limit);
}

}  // namespace

TokenWindows::TokenWindows(std::string_view text, const TokenCounter& tokens) : text_(text), tokens_(tokens) {
    cuts_.push_back(0);
    while (text.size() - cuts_.back() > kWindowBytes) {
        cuts_.push_back(window_end(text, cuts_.back(), cuts_.back() + kWindowBytes));
    }
    cuts_.push_back(text.size());
}

std::size_t TokenWindows::index_at(std::size_t at) const {
    const auto next = std::upper_bound(cuts_.begin(), cuts_.end() - 1, at);
    return static_cast<std::size_t>(next - cuts_.begin()) - 1;
}

const TokenWindows::Window& TokenWindows::window(std::size_t index) {
    std::optional<Window>& place = held_.at(index % held_.size());
    if (place && place->index == index) return *place;
    const std::size_t start = cuts_[index];
    place = Window{index, {}, {}};
    for (const TextSpan& span : tokens_.token_spans(text_.substr(start, cuts_[index + 1] - start))) {
        place->starts.push_back(start + span.start);
        place->ends.push_back(start + span.end);
    }
    return *place;
}

int TokenWindows::count(std::size_t start, std::size_t end) {
    std::ptrdiff_t total = 0;
    for (std::size_t index = index_at(start); index + 1 < cuts_.size() && cuts_[index] < end; ++index) {
        const Window& part = window(index);
        const auto first = std::upper_bound(part.ends.begin(), part.ends.end(), start) - part.ends.begin();
        const auto last = std::lower_bound(part.starts.begin(), part.starts.end(), end) - part.starts.begin();
        total += std::max<std::ptrdiff_t>(last - first, 0);
    }
    return static_cast<int>(total);
}

std::size_t TokenWindows::reach(std::size_t start, int budget, std::size_t limit) {
    auto left = static_cast<std::size_t>(budget);
    for (std::size_t index = index_at(start); index + 1 < cuts_.size() && cuts_[index] < limit; ++index) {
        const Window& part = window(index);
        const auto first =
            static_cast<std::size_t>(std::upper_bound(part.ends.begin(), part.ends.end(), start) - part.ends.begin());
        const std::size_t there = part.starts.size() - first;
        if (there > left) return std::min(part.starts[first + left], limit);
        left -= there;
    }
    return limit;
}

}  // namespace hearth::ingest
