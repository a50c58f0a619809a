// A LoRA adapter with seeded random weights for the tiny model, written as GGUF.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "support/gguf_builder.h"
#include "support/tiny_model.h"

namespace hearth::test {

struct TinyAdapterOptions {
    std::uint32_t seed = 1;
    int rank = 4;
    int layers = 2;
    int width = kTinyWidth;
    std::string architecture = "llama";
    std::string extra_tensor = {};  ///< one more, of an adapter's shape
};

/// Of the query and down projections of every layer; strong enough to change what is answered.
inline std::string tiny_adapter(const TinyAdapterOptions& options = {}) {
    GgufBuilder builder;
    builder.add_text("general.architecture", options.architecture);
    builder.add_text("general.type", "adapter");
    builder.add_text("adapter.type", "lora");
    builder.add_f32("adapter.lora.alpha", static_cast<float>(options.rank));
    std::mt19937 random(options.seed);
    const auto matrix = [&](const std::string& name, int rows, int cols) {
        std::vector<float> values(static_cast<std::size_t>(rows * cols));
        for (float& value : values) value = static_cast<float>(random() >> 8) * 0x1p-24f - 0.5f;
        builder.add_f32_tensor(name, {static_cast<std::uint64_t>(cols), static_cast<std::uint64_t>(rows)}, values);
    };
    for (int layer = 0; layer < options.layers; ++layer) {
        const std::string name = "blk." + std::to_string(layer) + ".";
        matrix(name + "attn_q.weight.lora_a", options.rank, options.width);
        matrix(name + "attn_q.weight.lora_b", 4 * kTinyHeadDim, options.rank);
        matrix(name + "ffn_down.weight.lora_a", options.rank, kTinyFeedForward);
        matrix(name + "ffn_down.weight.lora_b", options.width, options.rank);
    }
    if (!options.extra_tensor.empty()) matrix(options.extra_tensor, options.rank, options.width);
    return builder.build();
}

}  // namespace hearth::test
