// Every operation a model is made of, declared once. llm/ref implements them as the readable oracle, llm/cpu as the
// fast CPU path; a CUDA backend slots in here. Models know this header and no backend.
//
// Conventions: activations are float32, row-major, [n tokens, features], contiguous. `n` >= 1. Outputs do not alias
// inputs unless a function says so. Shapes are the caller's promise (checked with HEARTH_CHECK). An Ops object is used
// from one thread at a time and may use its own worker threads inside; it allocates nothing per call after the
// largest `n` was seen once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/result.h"
#include "llm/dtype.h"

namespace hearth::llm {

/// A weight matrix as the file stores it: `rows` output features of `cols` input features, each row a whole number of
/// blocks, rows back to back.
struct MatrixView {
    DType type = DType::kF32;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::span<const std::byte> bytes;
};

/// A matrix prepared by one backend (packed or borrowed). Only that backend reads it. A borrowed one keeps pointing
/// into MatrixView::bytes, which must outlive it.
class Weight {
  public:
    virtual ~Weight() = default;
    virtual std::int64_t rows() const = 0;
    virtual std::int64_t cols() const = 0;
    virtual std::size_t owned_bytes() const = 0;           ///< private memory, without what is borrowed
    virtual std::span<const std::byte> bytes() const = 0;  ///< what a product reads of it, owned or borrowed
};

/// What the rows of a matrix product are: a backend may have an arithmetic for many rows (a prompt's, a text's to
/// embed) that rounds otherwise than the one for few (the tokens of answers).
enum class Phase : std::uint8_t { kDecode, kPrefill };

/// What a product goes through on its way out.
enum class Activation : std::uint8_t {
    kNone,
    kGelu,  ///< exact, by erf
};

/// What a gated linear unit's gate goes through.
enum class Gate : std::uint8_t {
    kSilu,
    kGeluTanh,  ///< x / (1 + exp(-2 u)) of u = sqrt(2 / pi) (x + 0.044715 x^3)
};

/// y[n, rows] = activation(x[n, cols] * W^T + bias).
struct MatmulTask {
    const Weight* weight = nullptr;
    const float* bias = nullptr;  ///< [rows] or null
    float* y = nullptr;           ///< [n, rows]
    Activation activation = Activation::kNone;
};

/// Products of the same rows: tasks share x, so activations are quantised once.
struct MatmulBatch {
    const float* x = nullptr;  ///< [n, cols]
    std::int64_t n = 0;        ///< >= 1
    std::span<const MatmulTask> tasks;
};

/// What the experts made of a token, weighted and added to it: out[t] += sum over j < per_token of
/// shares[t, j] * rows[places[t, j]].
struct MixArgs {
    const float* rows = nullptr;           ///< [n * per_token, dim]
    const std::int32_t* places = nullptr;  ///< [n, per_token], each below n * per_token
    const float* shares = nullptr;         ///< [n, per_token]
    std::int64_t n = 0;
    int per_token = 0;
    std::int64_t dim = 0;
    float* out = nullptr;  ///< [n, dim]
};

enum class RopeStyle {
    kInterleaved,  ///< pairs (2i, 2i+1): GGUF `llama`
    kHalves,       ///< pairs (i, i + d/2): GGUF `qwen2`, `qwen3` ("neox")
};

struct RopeArgs {
    float* x = nullptr;  ///< in place [n, heads * head_dim]
    std::int64_t n = 0;
    int heads = 0;
    int head_dim = 0;
    const std::int32_t* positions = nullptr;     ///< [n]
    const float* inverse_frequencies = nullptr;  ///< [head_dim / 2]
    RopeStyle style = RopeStyle::kHalves;
};

/// Tokens per KV block.
inline constexpr int kKvBlockTokens = 16;

/// How keys and values are kept.
enum class KvFormat : std::uint8_t {
    kFull,  ///< as exactly as the backend does it: float16 on the CPU, float32 in the reference
    kInt8,  ///< in 8 bits, with a scale for each kKvScaleFeatures features of a token's head: half the memory
};
inline constexpr int kKvScaleFeatures = 32;

/// One sequence's part of a batch, in one layer: `n` new tokens at positions first_position .. first_position + n - 1.
/// The activations of a batch's parts lie back to back. A block holds keys and values of kKvBlockTokens tokens,
/// arranged as the backend likes; its size is Ops::kv_block_bytes. Position p lives in
/// blocks[p / 16], slot p % 16.
struct KvRows {
    std::byte* const* blocks = nullptr;
    std::int64_t n = 0;
    std::int64_t first_position = 0;
    Phase phase = Phase::kDecode;
};

struct KvStoreArgs {
    std::span<const KvRows> sequences;
    int kv_heads = 0;
    int head_dim = 0;
    const float* k = nullptr;  ///< [total n, kv_heads * head_dim], rope already applied
    const float* v = nullptr;  ///< [total n, kv_heads * head_dim]
    KvFormat format = KvFormat::kFull;
};

/// Query heads that may read one kv head: what a backend must be able to hold.
inline constexpr int kMaxHeadGroup = 64;

/// How the product of a query and a key becomes the score that softmax sees.
struct ScoreRule {
    float scale = 0;     ///< 0 = 1/sqrt(head_dim)
    float soft_cap = 0;  ///< c: the scaled product s becomes c tanh(s / c); 0 = it stays
    int window = 0;      ///< positions that a token sees, its own the last of them; 0 = all before it
};

/// Causal attention of every new token over the positions of its own sequence up to its own (already stored). Softmax
/// in float32. Query head h reads kv head h / (heads / kv_heads), which is at most kMaxHeadGroup. A token's result
/// follows from its phase and not from what it was batched with, bit for bit.
struct AttentionArgs {
    std::span<const KvRows> sequences;
    int heads = 0;
    int kv_heads = 0;
    int head_dim = 0;
    const float* q = nullptr;  ///< [total n, heads * head_dim]
    float* out = nullptr;      ///< [total n, heads * head_dim]
    KvFormat format = KvFormat::kFull;
    ScoreRule rule;
};

/// Bidirectional attention inside each of several sequences laid back to back (no padding, no mask).
struct EncoderAttentionArgs {
    const float* q = nullptr;  ///< [total, heads * head_dim]
    const float* k = nullptr;
    const float* v = nullptr;
    float* out = nullptr;
    std::span<const std::int32_t> sequence_starts;  ///< [sequences + 1], first 0, last = total
    int heads = 0;
    int head_dim = 0;
};

class Ops {
  public:
    virtual ~Ops() = default;

    virtual std::string isa() const = 0;  ///< "reference" or a name make_cpu_ops knows
    virtual int threads() const = 0;

    /// Private memory that load() will take for such a matrix; 0 when it only borrows.
    virtual std::size_t weight_bytes(const MatrixView& matrix) const = 0;

    /// Prepares a matrix for matmul. kUnsupported for a type this backend cannot read.
    virtual Result<std::unique_ptr<Weight>> load(const MatrixView& matrix) = 0;

    /// Prepares a matrix that only gather_rows() reads. A backend on the CPU borrows it.
    virtual Result<std::unique_ptr<Weight>> load_table(const MatrixView& matrix) = 0;

    /// True when a row's result depends on the phase.
    virtual bool phases_differ() const = 0;

    /// Reads all of it on all threads and nothing else: the pace that a product of one row cannot beat.
    virtual void read(std::span<const std::byte> bytes) = 0;

    /// Calls body(lane, index, thread) for every index below `count`, up to threads() of them at once (thread: 0 ..
    /// threads() - 1). A lane is an Ops of one thread that computes what this one does, from the same weights. For work
    /// that falls into parts which need nothing of each other: none waits, and a part's activations stay in the caches
    /// of one core. `body` must not throw; this object is not to be used meanwhile.
    virtual void side_by_side(std::int64_t count,
                              const std::function<void(Ops& lane, std::int64_t index, int thread)>& body) = 0;

    /// Computes every batch; they share cols and run side by side. A row's result does not depend on what else is in
    /// its `x` or in another batch, bit for bit.
    virtual void matmul(std::span<const MatmulBatch> batches, Phase phase) = 0;
    void matmul(const float* x, std::int64_t n, std::span<const MatmulTask> tasks, Phase phase) {
        const MatmulBatch alone[] = {{x, n, tasks}};
        matmul(alone, phase);
    }

    /// out[n, cols]: rows `ids` (0 .. rows - 1) of what load() or load_table() prepared, as float32.
    virtual void gather_rows(const Weight& table, std::span<const std::int32_t> ids, float* out) = 0;

    /// y = x / rms(x) * weight, per row. y may alias x.
    virtual void rms_norm(const float* x, const float* weight, std::int64_t n, std::int64_t dim, float epsilon,
                          float* y) = 0;
    /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, per row. y may alias x.
    virtual void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t n, std::int64_t dim,
                            float epsilon, float* y) = 0;

    virtual void rope(const RopeArgs& args) = 0;

    virtual std::size_t kv_block_bytes(int kv_heads, int head_dim, KvFormat format) const = 0;
    virtual void kv_store(const KvStoreArgs& args) = 0;
    virtual void attention(const AttentionArgs& args) = 0;
    virtual void encoder_attention(const EncoderAttentionArgs& args) = 0;

    /// gate = activation(gate) * up, element by element, count = n * features (GLU variants, arXiv 2002.05202).
    virtual void glu(float* gate, const float* up, std::int64_t count, Gate activation) = 0;
    /// x = cap tanh(x / cap); cap > 0.
    virtual void soft_cap(float* x, std::int64_t count, float cap) = 0;
    /// x += y.
    virtual void add(float* x, const float* y, std::int64_t count) = 0;
    /// x[n, dim] *= factors[dim], row by row.
    virtual void scale(float* x, const float* factors, std::int64_t n, std::int64_t dim) = 0;
    virtual void mix(const MixArgs& args) = 0;
};

/// Plain C++ in float32 over dequantised weights: the oracle. Single-threaded.
std::unique_ptr<Ops> make_reference_ops();

inline constexpr int kMaxThreads = 256;

/// The fast path. `threads` 0 = every usable core, at most kMaxThreads, else kInvalidArgument. `isa` empty picks the
/// best; kUnsupported when the CPU lacks the one asked for.
Result<std::unique_ptr<Ops>> make_cpu_ops(int threads, const std::string& isa);

/// Dequantises `count` elements (a multiple of the block) from the file's layout: the one place that knows the formats
/// as scalar code.
void dequantize(DType type, const std::byte* blocks, std::int64_t count, float* out);

}  // namespace hearth::llm
