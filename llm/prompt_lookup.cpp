#include "llm/prompt_lookup.h"

#include <algorithm>

namespace hearth::llm {
namespace {

/// FNV-1a over the n-gram that ends before `end`. A collision only yields a worse guess.
std::uint64_t hash_before(std::span<const std::int32_t> tokens, std::size_t end) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (std::size_t i = end - PromptLookup::kNgram; i < end; ++i)
        hash = (hash ^ static_cast<std::uint32_t>(tokens[i])) * 0x100000001b3u;
    return hash;
}

/// Tokens before `a` and `b` that are the same, looking back at most `most`; a < b.
int common_suffix(std::span<const std::int32_t> tokens, std::size_t a, std::size_t b, int most) {
    int length = 0;
    while (length < most && static_cast<std::size_t>(length) < a &&
           tokens[a - 1 - static_cast<std::size_t>(length)] == tokens[b - 1 - static_cast<std::size_t>(length)])
        ++length;
    return length;
}

}  // namespace

/// Every n-gram but the one at the very end, which is what is looked up.
void PromptLookup::index(std::span<const std::int32_t> tokens) {
    if (earlier_.empty()) earlier_.assign(kNgram, -1);
    for (std::size_t end = earlier_.size(); end < tokens.size(); ++end) {
        const auto [place, fresh] = ends_.try_emplace(hash_before(tokens, end), static_cast<std::int32_t>(end));
        earlier_.push_back(fresh ? -1 : place->second);
        place->second = static_cast<std::int32_t>(end);
    }
}

std::span<const std::int32_t> PromptLookup::guess(std::span<const std::int32_t> tokens, int most) {
    guess_.clear();
    if (tokens.size() <= kNgram || most <= 0) return guess_;
    index(tokens);
    const auto found = ends_.find(hash_before(tokens, tokens.size()));
    std::int32_t candidate = found == ends_.end() ? -1 : found->second;
    std::size_t best = 0;
    int longest = kNgram - 1;
    for (int i = 0; i < kMaxCandidates && candidate >= 0; ++i) {
        const auto end = static_cast<std::size_t>(candidate);
        const int match = common_suffix(tokens, end, tokens.size(), kMaxMatch);
        if (match > longest) {
            longest = match;
            best = end;
        }
        candidate = earlier_[end];
    }
    if (longest < kNgram) return guess_;
    for (int i = 0; i < most; ++i) {
        const std::size_t from = best + static_cast<std::size_t>(i);
        // Past the end a repetition goes on with itself.
        guess_.push_back(from < tokens.size() ? tokens[from] : guess_[from - tokens.size()]);
    }
    return guess_;
}

void DraftPace::observe(int drafted, int accepted) {
    if (drafted == 0) {
        rest_ = std::max(0, rest_ - 1);
        return;
    }
    if (accepted == 0) {
        rest_ = next_rest_;
        next_rest_ = std::min(2 * next_rest_, kLongestRest);
        length_ = kFirst;
        return;
    }
    next_rest_ = 1;
    length_ = accepted == drafted ? std::min(2 * drafted, kLongest) : std::max(accepted + 1, kFirst / 2);
}

}  // namespace hearth::llm
