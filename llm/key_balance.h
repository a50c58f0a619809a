// Keys made fit for 8 bits. In some models (Qwen2's biases) a few features of the keys are a hundred times as large as
// the others, which would be lost beside them under one scale. Keys are divided and queries multiplied by what the
// model's file says of a feature's size: every score stays what it was (SmoothQuant's idea, arXiv 2211.10438). The two
// features that rope turns into each other share a factor, so that it may be applied after the turn.
#pragma once

#include <span>
#include <vector>

#include "llm/decoder_config.h"

namespace hearth::llm {

/// Factors of one layer's features; empty when nothing is to be balanced.
struct KeyBalance {
    std::vector<float> keys;     ///< [kv_heads * head_dim]
    std::vector<float> queries;  ///< [heads * head_dim]
};

/// `bias` [kv_heads * head_dim] is added to keys, `norm` [head_dim] multiplies them; either may be empty.
KeyBalance balance_keys(const DecoderConfig& config, std::span<const float> bias, std::span<const float> norm);

}  // namespace hearth::llm
