// A decoder-only transformer (llama, qwen2) over Ops: tokens in, logits of the last one out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "core/result.h"
#include "llm/decoder_config.h"
#include "llm/gguf.h"
#include "llm/kv_cache.h"
#include "llm/ops.h"

namespace hearth::llm {

/// Weights and scratch memory of one model. Used from one thread at a time. Borrows the ops, and the file where
/// borrows_file() says so.
class Decoder {
  public:
    /// Tokens computed at once: enough to fill the kernels, few enough to stop soon and keep scratch memory small.
    static constexpr int kMaxChunk = 256;

    /// `progress` may be empty. kDataLoss when a tensor is missing or misshapen, kUnsupported for its type.
    static Result<std::unique_ptr<Decoder>> load(const GgufFile& file, DecoderConfig config, Ops& ops,
                                                 const std::function<void(std::size_t, std::size_t)>& progress);

    /// What load() will allocate or keep borrowed for weights.
    static std::size_t weight_bytes(const GgufFile& file, const Ops& ops);
    /// What load() will allocate for activations.
    static std::size_t scratch_bytes(const DecoderConfig& config);

    const DecoderConfig& config() const { return config_; }
    KvShape kv_shape() const;
    /// False when every weight was copied: the file may go.
    bool borrows_file() const { return borrows_file_; }

    /// Computes 1 .. kMaxChunk tokens (each in 0 .. vocabulary - 1) that follow what `sequence` holds; it must have
    /// reserved room. `logits` is [vocabulary] for the last token, or empty when they are not wanted.
    /// False when `cancel` was requested: the sequence is as before then.
    bool forward(std::span<const std::int32_t> tokens, KvSequence& sequence, std::span<float> logits,
                 const std::stop_token& cancel);

  private:
    struct Layer {
        std::vector<float> attention_norm, feed_forward_norm;    // [width]
        std::vector<float> q_bias, k_bias, v_bias, output_bias;  // empty when the model has none
        std::unique_ptr<Weight> q, k, v, output;                 // [heads*head_dim | kv_heads*head_dim, width]
        std::unique_ptr<Weight> gate, up, down;                  // [feed_forward, width] and back
    };
    class Loader;

    Decoder(DecoderConfig config, Ops& ops);
    void allocate_scratch();
    void attention_block(const Layer& layer, const KvLayer& kv, std::int64_t n, int first_position);
    void feed_forward_block(const Layer& layer, std::int64_t n);
    void read_logits(std::int64_t n, std::span<float> logits);

    DecoderConfig config_;
    Ops& ops_;
    std::vector<std::byte> embedding_bytes_;  // a copy: a file cut short must not take down a running engine
    MatrixView embedding_;
    std::vector<Layer> layers_;
    std::vector<float> final_norm_;
    std::unique_ptr<Weight> head_;
    bool borrows_file_ = false;

    std::vector<std::int32_t> positions_;
    std::vector<float> x_, normed_, q_, k_, v_, attended_, projected_, gate_, up_;  // [kMaxChunk, ...]
};

}  // namespace hearth::llm
