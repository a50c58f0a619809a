// A decoder-only transformer (decoder_config.h names the architectures) over Ops: a batch of sequences' next tokens in,
// logits out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "core/result.h"
#include "llm/decoder_config.h"
#include "llm/experts.h"
#include "llm/gguf.h"
#include "llm/key_balance.h"
#include "llm/kv_cache.h"
#include "llm/lora.h"
#include "llm/ops.h"

namespace hearth::llm {

/// One sequence's part of a step: `tokens` follow what `sequence` holds, which has room reserved for them; the
/// sequences of a step are of one pool. The logits of its last `logit_rows` tokens are wanted (0 .. tokens.size()).
struct SequenceStep {
    KvSequence* sequence = nullptr;
    std::span<const std::int32_t> tokens;
    int logit_rows = 0;
    const Lora* lora = nullptr;    ///< of this decoder's shapes; null = the weights alone
    Phase phase = Phase::kDecode;  ///< kPrefill: tokens of a prompt, behind all that are not
};

/// Weights and scratch memory of one model. Used from one thread at a time. Borrows the ops, and the file where
/// borrows_file() says so.
class Decoder {
  public:
    /// Tokens computed at once: enough to fill the kernels, few enough to stop soon and keep scratch memory small.
    static constexpr int kMaxChunk = 512;
    /// Rows of logits one step can give.
    static constexpr int kMaxLogitRows = 16;

    /// `progress` may be empty. kDataLoss when a tensor is missing or misshapen, kUnsupported for its type, kCancelled
    /// between two layers.
    static Result<std::unique_ptr<Decoder>> load(const GgufFile& file, DecoderConfig config, Ops& ops,
                                                 const std::function<void(std::size_t, std::size_t)>& progress,
                                                 const std::stop_token& cancel = {});

    /// What load() will allocate or keep borrowed for weights.
    static std::size_t weight_bytes(const GgufFile& file, const Ops& ops);
    /// What the first step with an adapter will allocate.
    static std::size_t lora_scratch_bytes(const DecoderConfig& config);
    /// What load() will allocate for activations, and its caller for kMaxLogitRows of logits.
    static std::size_t scratch_bytes(const DecoderConfig& config);

    const DecoderConfig& config() const { return config_; }
    KvShape kv_shape(KvFormat format = KvFormat::kFull) const;

    /// Every weight that the step of one token reads, each once; returns the bytes. Nothing is computed: what remains
    /// of a step without its arithmetic.
    std::size_t read_weights();

    bool phases_differ() const { return ops_.phases_differ(); }
    /// False when every weight was copied: the file may go.
    bool borrows_file() const { return borrows_file_; }

    /// Computes one step of a batch: together 1 .. kMaxChunk tokens (each in 0 .. vocabulary - 1) and at most
    /// kMaxLogitRows rows of logits, which fill `logits` [rows, vocabulary] in the order of the steps. A token's logits
    /// do not depend on what it was batched with; where phases_differ(), on the phases of its sequence's tokens. False
    /// when `cancel` was requested: the sequences are as before then.
    bool forward(std::span<const SequenceStep> steps, std::span<float> logits, const std::stop_token& cancel);

    /// The same for one sequence; `logits` is [vocabulary] for the last token, or empty when they are not wanted.
    bool forward(std::span<const std::int32_t> tokens, KvSequence& sequence, std::span<float> logits,
                 const std::stop_token& cancel, Phase phase);

  private:
    struct FeedForward {
        std::unique_ptr<Weight> gate, up, down;  // [feed_forward, width] and back
    };
    struct Layer {
        std::vector<float> attention_norm, feed_forward_norm;    // [width]
        std::vector<float> q_bias, k_bias, v_bias, output_bias;  // empty when the model has none
        std::vector<float> q_norm, k_norm;                       // [head_dim], likewise
        std::vector<float> attended_norm, fed_norm;              // [width], likewise, of the blocks' outputs
        KeyBalance balance;                                      // of keys in 8 bits
        std::unique_ptr<Weight> q, k, v, output;                 // [heads*head_dim | kv_heads*head_dim, width]
        std::unique_ptr<Weight> router;                          // [experts, width], null without experts
        std::vector<FeedForward> feed_forward;                   // one, or one for each expert
    };
    class Loader;

    Decoder(DecoderConfig config, Ops& ops);
    void allocate_scratch();
    /// Tokens, positions and the rows whose logits are wanted, laid back to back. Returns the number of tokens.
    std::int64_t lay_out(std::span<const SequenceStep> steps);
    /// The products of all tokens of the step, each in its phase.
    void multiply(const float* x, std::int64_t n, std::span<MatmulTask> tasks);
    /// Adds to y what the steps' adapters make of x in one linear layer.
    void adapt(std::span<const SequenceStep> steps, std::size_t layer, LoraSite site, const float* x, float* y);
    void attention_block(const Layer& layer, std::size_t index, std::span<const SequenceStep> steps, std::int64_t n);
    /// Tells queries or keys where in their sequence they stand.
    void place_heads(float* x, std::int64_t n, int heads, const std::vector<float>& norm, std::size_t layer);
    /// Adds projected_ to the residual stream.
    void add_output(std::int64_t n, const std::vector<float>& norm);
    void feed_forward_block(const Layer& layer, std::size_t index, std::span<const SequenceStep> steps, std::int64_t n);
    void experts_block(const Layer& layer, std::int64_t n);
    /// Otherwise a prompt's tokens go through the arithmetic of answers: which one follows from the model alone.
    bool experts_see_phases() const;
    /// The products of the tokens that each expert has: from normed_ by way of gate_ into expert_rows_.
    void compute_experts(const Layer& layer, std::span<const ExpertRouting::Run> runs, Phase phase);
    void read_logits(std::span<float> logits);
    const Weight& embedding() const { return embedding_ ? *embedding_ : *head_; }

    DecoderConfig config_;
    Ops& ops_;
    std::vector<std::byte> embedding_bytes_;  // a copy: a file cut short must not take down a running engine
    std::unique_ptr<Weight> embedding_;       // null when the head is read backwards instead ("tied")
    std::vector<Layer> layers_;
    std::vector<float> final_norm_;
    std::vector<float> embedding_factors_;  // [width], empty when they are 1
    std::unique_ptr<Weight> head_;
    bool borrows_file_ = false;

    std::vector<std::int32_t> tokens_, positions_, logit_rows_;
    std::int64_t decode_tokens_ = 0;  // of the step in work; the others are a prompt's
    std::vector<KvRows> kv_rows_;     // of the layer in work
    std::vector<float> x_, normed_, q_, k_, v_, attended_, projected_, gate_, up_;  // [kMaxChunk, ...]
    std::vector<float> lora_low_, lora_high_;  // likewise, from the first adapter on
    ExpertRouting routing_;
    std::vector<float> expert_scores_;      // [kMaxChunk, experts]
    std::vector<float> expert_rows_;        // [kMaxChunk * experts_used, width], gate_ and up_ having as many rows
    std::vector<MatmulTask> expert_tasks_;  // of the experts in work
    std::vector<MatmulBatch> expert_batches_;
};

}  // namespace hearth::llm
