#include "llm/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <unordered_map>
#include <utility>

namespace hearth::llm {
namespace {

/// Any colder, and the best token is drawn even when the next is a rounding error away.
constexpr float kGreedyBelow = 1e-5f;

/// SplitMix64 (Steele, Lea, Flood 2014): spreads one seed over the generator's state.
std::uint64_t split_mix(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/// xoshiro256** 1.0 (Blackman, Vigna 2018); the top 53 bits as a double in [0, 1).
double next_uniform(std::uint64_t (&s)[4]) {
    const std::uint64_t result = std::rotl(s[1] * 5, 7) * 9;
    const std::uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = std::rotl(s[3], 45);
    return static_cast<double>(result >> 11) * 0x1.0p-53;
}

std::uint64_t random_seed() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

bool penalises(const SamplingOptions& options) {
    return options.repetition_penalty != 1.0f || options.frequency_penalty != 0.0f || options.presence_penalty != 0.0f;
}

/// -1 when no allowed logit is finite. The lowest id wins a tie.
int best_token(std::span<const float> logits, std::span<const std::uint8_t> mask) {
    int best = -1;
    float best_logit = -std::numeric_limits<float>::infinity();
    for (std::size_t id = 0; id < logits.size(); ++id) {
        // NaN fails the first comparison, +infinity the second.
        if (logits[id] > best_logit && logits[id] <= std::numeric_limits<float>::max() && (mask.empty() || mask[id])) {
            best = static_cast<int>(id);
            best_logit = logits[id];
        }
    }
    return best;
}

using Candidates = std::vector<std::pair<float, int>>;

bool better(const std::pair<float, int>& a, const std::pair<float, int>& b) {
    return a.first > b.first || (a.first == b.first && a.second < b.second);
}

/// Turns logits into weights relative to the best (its weight is 1); returns their sum.
double weigh(Candidates& candidates, float temperature) {
    const float best = std::min_element(candidates.begin(), candidates.end(), better)->first;
    double sum = 0;
    for (auto& [value, id] : candidates) {
        value = std::exp((value - best) / temperature);  // the difference first: a quotient alone may overflow
        sum += value;
    }
    return sum;
}

/// Keeps the fewest best tokens whose share reaches `top_p`. Sorts no more than it looks at: a peaked distribution
/// over 150,000 tokens is decided by its first few.
void cut_top_p(Candidates& candidates, double sum, float top_p) {
    double kept = 0;
    std::size_t sorted = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (i == sorted) {
            sorted = std::min(candidates.size(), std::max<std::size_t>(64, 4 * sorted));
            const auto begin = candidates.begin() + static_cast<std::ptrdiff_t>(i);
            std::partial_sort(begin, candidates.begin() + static_cast<std::ptrdiff_t>(sorted), candidates.end(),
                              better);
        }
        kept += candidates[i].first;
        if (kept >= static_cast<double>(top_p) * sum) {
            candidates.resize(i + 1);
            return;
        }
    }
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options) : options_(options) {
    std::uint64_t state = options.seed ? *options.seed : random_seed();
    for (std::uint64_t& word : random_state_) word = split_mix(state);
}

void Sampler::observe(int token) {
    if (!penalises(options_) || token < 0) return;
    history_.push_back(token);
    const auto window = static_cast<std::size_t>(std::max(options_.repetition_window, 0));
    if (history_.size() > 2 * window + 64) {
        history_.erase(history_.begin(), history_.end() - static_cast<std::ptrdiff_t>(window));
    }
}

void Sampler::apply_penalties(std::span<float> logits) const {
    const auto window = static_cast<std::size_t>(std::max(options_.repetition_window, 0));
    std::unordered_map<int, int> counts;
    const std::size_t first = history_.size() > window ? history_.size() - window : 0;
    for (std::size_t i = first; i < history_.size(); ++i) ++counts[history_[i]];
    for (const auto& [token, count] : counts) {
        if (static_cast<std::size_t>(token) >= logits.size()) continue;
        float& logit = logits[static_cast<std::size_t>(token)];
        logit = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
        logit -= static_cast<float>(count) * options_.frequency_penalty + options_.presence_penalty;
    }
}

int Sampler::sample(std::span<float> logits, std::span<const std::uint8_t> mask) {
    for (const auto& [token, bias] : options_.logit_bias) {
        if (token >= 0 && static_cast<std::size_t>(token) < logits.size())
            logits[static_cast<std::size_t>(token)] += bias;
    }
    if (penalises(options_)) apply_penalties(logits);
    if (options_.temperature < kGreedyBelow) return best_token(logits, mask);

    candidates_.clear();
    for (std::size_t id = 0; id < logits.size(); ++id) {
        if ((!mask.empty() && !mask[id]) || !std::isfinite(logits[id])) continue;
        candidates_.emplace_back(logits[id], static_cast<int>(id));
    }
    if (candidates_.empty()) return -1;
    if (options_.top_k > 0 && static_cast<std::size_t>(options_.top_k) < candidates_.size()) {
        std::nth_element(candidates_.begin(), candidates_.begin() + options_.top_k - 1, candidates_.end(), better);
        candidates_.resize(static_cast<std::size_t>(options_.top_k));
    }
    const double sum = weigh(candidates_, options_.temperature);
    if (options_.top_p < 1.0f) cut_top_p(candidates_, sum, options_.top_p);
    if (options_.min_p > 0.0f) {  // the best token's weight is 1 and always stays
        const float least = std::min(options_.min_p, 1.0f);
        std::erase_if(candidates_, [least](const auto& candidate) { return candidate.first < least; });
    }

    double total = 0;
    for (const auto& [weight, id] : candidates_) total += weight;
    double target = next_uniform(random_state_) * total;
    for (const auto& [weight, id] : candidates_) {
        target -= weight;
        if (target < 0) return id;
    }
    return candidates_.back().second;
}

}  // namespace hearth::llm
