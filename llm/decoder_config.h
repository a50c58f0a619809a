// The one description of a decoder: what the GGUF metadata of a llama or qwen says, checked.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "llm/gguf.h"
#include "llm/ops.h"

namespace hearth::llm {

struct DecoderConfig {
    std::string architecture;  ///< "llama" (Mixtral too), "qwen2", "qwen3" or "qwen3moe"
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
    bool head_norms = false;  ///< queries and keys are normalised, each head alone
    RopeStyle rope_style = RopeStyle::kHalves;
    std::vector<float> inverse_frequencies;  ///< [head_dim / 2], scaling included
};

/// kUnsupported for another architecture or an unknown rope scaling, kDataLoss for sizes that contradict each other.
Result<DecoderConfig> read_decoder_config(const GgufFile& file);

}  // namespace hearth::llm
