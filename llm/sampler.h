// Logits to the next token. Order of filters: bias, penalties, mask, temperature, top-k, top-p, min-p, draw.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "llm/types.h"

namespace hearth::llm {

/// One per generation: owns its random stream and the counts for penalties. Not thread-safe.
class Sampler {
  public:
    explicit Sampler(const SamplingOptions& options);
    /// Picks from logits[vocabulary] (changed in place). `mask` empty or one byte per id, 1 = allowed; at least one is.
    /// Returns -1 when no finite logit is left (NaN or all masked): the request fails, the engine lives.
    int sample(std::span<float> logits, std::span<const std::uint8_t> mask);
    /// Counts a token (prompt and generated alike) for the penalties.
    void observe(int token);

  private:
    void apply_penalties(std::span<float> logits) const;

    SamplingOptions options_;
    std::uint64_t random_state_[4];
    std::vector<int> history_;
    std::vector<std::pair<float, int>> candidates_;
};

}  // namespace hearth::llm
