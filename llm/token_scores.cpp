#include "llm/token_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace hearth::llm {
namespace {

/// log(sum(exp(logits))): subtracted from a logit it leaves the logarithm of the probability.
double log_sum_exp(std::span<const float> logits) {
    const double top = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - top);
    return top + std::log(sum);
}

}  // namespace

std::string token_spelling(const Tokenizer& tokenizer, int id) {
    const std::string_view bytes = tokenizer.token_bytes(id);
    return std::string(bytes.empty() ? tokenizer.token_text(id) : bytes);
}

TokenScore score_token(std::span<const float> logits, int token, int top, const Tokenizer& tokenizer) {
    const double normaliser = log_sum_exp(logits);
    const auto scored = [&](int id) {
        const double logprob = static_cast<double>(logits[static_cast<std::size_t>(id)]) - normaliser;
        return TokenLogprob{id, token_spelling(tokenizer, id), static_cast<float>(logprob)};
    };
    TokenScore score{scored(token), {}};
    std::vector<int> ids(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
    const auto count = std::min(static_cast<std::size_t>(std::clamp(top, 0, kMaxTopLogprobs)), ids.size());
    std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end(), [&](int a, int b) {
        const float first = logits[static_cast<std::size_t>(a)], second = logits[static_cast<std::size_t>(b)];
        return first > second || (first == second && a < b);
    });
    for (std::size_t i = 0; i < count; ++i) score.top.push_back(scored(ids[i]));
    return score;
}

}  // namespace hearth::llm
