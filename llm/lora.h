// A LoRA adapter: low-rank corrections of a decoder's linear layers, added per request without touching the weights.
// y = W x becomes y = W x + scale * B (A x) (Hu et al., arXiv 2106.09685).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "llm/decoder_config.h"
#include "llm/ops.h"

namespace hearth::llm {

/// The linear layers of a decoder layer that an adapter can change.
enum class LoraSite { kQ, kK, kV, kAttentionOutput, kGate, kUp, kDown };
inline constexpr std::size_t kLoraSites = 7;

/// Larger ranks are refused: scratch memory is made for this one.
inline constexpr std::int64_t kMaxLoraRank = 256;

/// Inputs and outputs of a linear layer.
struct LoraShape {
    std::int64_t cols = 0;
    std::int64_t rows = 0;
};
LoraShape lora_shape(const DecoderConfig& config, LoraSite site);

/// One pair as a file has it, in float32, row-major.
struct LoraPair {
    int layer = 0;
    LoraSite site = LoraSite::kQ;
    std::int64_t rank = 0;
    std::vector<float> a;  ///< [rank, cols]
    std::vector<float> b;  ///< [rows, rank], the scale multiplied in
};

/// Immutable, for one decoder's shapes and one backend. Several requests may compute with it at once.
class Lora {
  public:
    struct LowRank {
        std::unique_ptr<Weight> a, b;  ///< null where the adapter changes nothing
    };

    /// `pairs` fit the config: read_lora() has checked them. `ops` prepares the matrices and is not kept.
    static Result<std::unique_ptr<Lora>> create(std::vector<LoraPair> pairs, const DecoderConfig& config, Ops& ops);

    /// Null when the layer stays as it is.
    const LowRank* at(std::size_t layer, LoraSite site) const {
        const LowRank& found = layers_[layer][static_cast<std::size_t>(site)];
        return found.a == nullptr ? nullptr : &found;
    }
    /// Never 0, and never the same for two adapters in one process: what keys and values computed with it are known by.
    std::uint64_t key() const { return key_; }

  private:
    Lora();
    const std::uint64_t key_;
    std::vector<LoraPair> pairs_;  // borrowed by backends that do not copy
    std::vector<std::array<LowRank, kLoraSites>> layers_;
};

/// What pairs of so many values and what create() makes of them keep in memory at most.
std::size_t lora_bytes(std::size_t values);

}  // namespace hearth::llm
