// The one description of a decoder: what the GGUF metadata of `llama` and `qwen2` says, checked.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "llm/gguf.h"
#include "llm/ops.h"

namespace hearth::llm {

struct DecoderConfig {
    std::string architecture;  ///< "llama" or "qwen2"
    int layers = 0;
    int width = 0;  ///< features of the residual stream
    int feed_forward = 0;
    int heads = 0;
    int kv_heads = 0;  ///< divides heads
    int head_dim = 0;  ///< even
    int vocabulary = 0;
    int context_tokens = 0;  ///< trained length
    float rms_epsilon = 0;
    RopeStyle rope_style = RopeStyle::kHalves;
    std::vector<float> inverse_frequencies;  ///< [head_dim / 2], scaling included
};

/// kUnsupported for another architecture or an unknown rope scaling, kDataLoss for sizes that contradict each other.
Result<DecoderConfig> read_decoder_config(const GgufFile& file);

}  // namespace hearth::llm
