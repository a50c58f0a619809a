// The one description of a decoder: what the GGUF metadata of a llama, qwen, gemma or phi says, checked.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "llm/gguf.h"
#include "llm/ops.h"

namespace hearth::llm {

struct DecoderConfig {
    std::string architecture;  ///< "llama" (Mixtral too), "qwen2", "qwen3", "qwen3moe", "gemma2", "gemma3" or "phi3"
    int layers = 0;
    int width = 0;         ///< features of the residual stream
    int feed_forward = 0;  ///< of each expert, where there are several
    int experts = 0;       ///< 0 = one feed-forward block for every token
    int experts_used = 0;  ///< by each token, 1 .. experts
    int heads = 0;
    int kv_heads = 0;  ///< divides heads
    int head_dim = 0;  ///< even
    int vocabulary = 0;
    int context_tokens = 0;  ///< trained length
    float rms_epsilon = 0;
    bool head_norms = false;    ///< queries and keys are normalised, each head alone
    bool output_norms = false;  ///< what a block adds to the residual stream is normalised before
    Gate gate = Gate::kSilu;
    float embedding_scale = 1;
    float attention_scale = 0;  ///< as in ScoreRule, like the next
    float attention_soft_cap = 0;
    float logit_soft_cap = 0;  ///< 0 = none
    std::vector<int> windows;  ///< [layers] positions that a token sees there; 0 = all before it
    RopeStyle rope_style = RopeStyle::kHalves;
    std::vector<float> inverse_frequencies;  ///< [head_dim / 2], scaling included
    std::vector<float> window_frequencies;   ///< likewise, of layers with a window

    ScoreRule score_rule(std::size_t layer) const { return {attention_scale, attention_soft_cap, windows[layer]}; }
    const std::vector<float>& frequencies(std::size_t layer) const {
        return windows[layer] > 0 ? window_frequencies : inverse_frequencies;
    }
};

/// kUnsupported for another architecture or an unknown rope scaling, kDataLoss for sizes that contradict each other.
Result<DecoderConfig> read_decoder_config(const GgufFile& file);

}  // namespace hearth::llm
