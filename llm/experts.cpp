#include "llm/experts.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace hearth::llm {

void ExpertRouting::route(const float* scores, std::int64_t n, int experts, int per_token, std::int64_t decode_tokens) {
    HEARTH_CHECK(per_token >= 1 && per_token <= experts && decode_tokens <= n);
    const auto rows = static_cast<std::size_t>(n * per_token);
    chosen_.resize(rows);
    shares_.resize(rows);
    places_.resize(rows);
    tokens_.resize(rows);
    for (std::int64_t token = 0; token < n; ++token) choose(scores + token * experts, experts, per_token, token);
    runs_.clear();
    lay_out(0, decode_tokens, experts, per_token);
    decode_runs_ = runs_.size();
    lay_out(decode_tokens, n, experts, per_token);
}

void ExpertRouting::choose(const float* scores, int experts, int per_token, std::int64_t token) {
    int* chosen = chosen_.data() + token * per_token;
    float* shares = shares_.data() + token * per_token;
    for (int place = 0; place < per_token; ++place) {
        int best = -1;
        for (int expert = 0; expert < experts; ++expert) {
            if (std::find(chosen, chosen + place, expert) != chosen + place) continue;
            if (best < 0 || scores[expert] > scores[best]) best = expert;
        }
        chosen[place] = best;
    }
    double total = 0;
    for (int place = 0; place < per_token; ++place) {
        const double power = std::exp(static_cast<double>(scores[chosen[place]]) - scores[chosen[0]]);
        shares[place] = static_cast<float>(power);
        total += power;
    }
    for (int place = 0; place < per_token; ++place) shares[place] = static_cast<float>(shares[place] / total);
}

void ExpertRouting::lay_out(std::int64_t first_token, std::int64_t last_token, int experts, int per_token) {
    const std::int64_t begin = first_token * per_token, end = last_token * per_token;
    next_row_.assign(static_cast<std::size_t>(experts), 0);
    for (std::int64_t i = begin; i < end; ++i)
        ++next_row_[static_cast<std::size_t>(chosen_[static_cast<std::size_t>(i)])];
    std::int64_t row = begin;
    for (int expert = 0; expert < experts; ++expert) {
        std::int64_t& next = next_row_[static_cast<std::size_t>(expert)];
        const std::int64_t count = next;
        next = row;
        if (count > 0) runs_.push_back({expert, row, count});
        row += count;
    }
    for (std::int64_t i = begin; i < end; ++i) {
        const auto place = static_cast<std::size_t>(i);
        const std::int64_t taken = next_row_[static_cast<std::size_t>(chosen_[place])]++;
        places_[place] = static_cast<std::int32_t>(taken);
        tokens_[static_cast<std::size_t>(taken)] = static_cast<std::int32_t>(i / per_token);
    }
}

}  // namespace hearth::llm
