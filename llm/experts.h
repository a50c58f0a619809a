// Which experts of a mixture compute which tokens of a step (Shazeer et al., arXiv 1701.06538; Jiang et al., arXiv
// 2401.04088).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hearth::llm {

/// Each token goes to the experts with the highest scores; what they make of it is weighted by the softmax over the
/// scores of those. Tokens of one expert are laid back to back as rows, so that its matrices are read once. Allocates
/// nothing after the largest step was seen once.
class ExpertRouting {
  public:
    /// Rows that one expert computes, all of one phase.
    struct Run {
        int expert = 0;
        std::int64_t first = 0;
        std::int64_t rows = 0;
    };

    /// `scores` is [n, experts]. Of equal scores the lower expert is taken first. A token's experts and shares depend
    /// on nothing but its scores; with a NaN among them they are some experts, and the shares may be NaN. The first
    /// `decode_tokens` tokens get runs of their own.
    void route(const float* scores, std::int64_t n, int experts, int per_token, std::int64_t decode_tokens);

    std::span<const Run> decode_runs() const { return {runs_.data(), decode_runs_}; }
    std::span<const Run> prefill_runs() const { return std::span(runs_).subspan(decode_runs_); }
    /// [n * per_token]: the token that a row is of.
    std::span<const std::int32_t> tokens() const { return tokens_; }
    /// [n, per_token]: the row of a token's expert, best first, and its share; the shares of a token sum to 1.
    std::span<const std::int32_t> places() const { return places_; }
    std::span<const float> shares() const { return shares_; }

  private:
    void choose(const float* scores, int experts, int per_token, std::int64_t token);
    void lay_out(std::int64_t first_token, std::int64_t last_token, int experts, int per_token);

    std::vector<int> chosen_;  // [n, per_token]
    std::vector<float> shares_;
    std::vector<std::int32_t> places_, tokens_;
    std::vector<std::int64_t> next_row_;  // of each expert
    std::vector<Run> runs_;
    std::size_t decode_runs_ = 0;
};

}  // namespace hearth::llm
