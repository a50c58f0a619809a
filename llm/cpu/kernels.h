// The table of kernels one instruction set provides. cpu_ops.cpp schedules, a table computes: one call works on one
// chunk, on the calling thread, without allocating.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "llm/cpu/packed.h"
#include "llm/ops.h"

/// Before a loop over a handful of registers: unrolled whole, so that they are registers and not an array in memory.
#define HEARTH_UNROLL _Pragma("GCC unroll 16")

namespace hearth::llm::cpu {

/// Activations of up to 8 tokens are laid side by side as one group, so that a weight unpacked once serves all.
inline constexpr int kGroupColumns = 8;

/// A quantised group is one record a 32-column block, for c tokens:
/// int8 [8 steps][c][4], int32 sums [3: block, first half, second half][c], float scale [c], float sum * scale [c].
inline constexpr std::int64_t kRecordBytesPerColumn = 32 + 3 * 4 + 4 + 4;

constexpr std::size_t quantised_group_bytes(std::int64_t cols) {
    return static_cast<std::size_t>((cols + kBlockColumns - 1) / kBlockColumns * kRecordBytesPerColumn * kGroupColumns);
}
/// A float group is [cols][c].
constexpr std::size_t float_group_bytes(std::int64_t cols) {
    return static_cast<std::size_t>(cols * kGroupColumns) * sizeof(float);
}
/// A pair group is bfloat16 [(cols + 1) / 2][c][2].
constexpr std::size_t pair_group_bytes(std::int64_t cols) {
    return static_cast<std::size_t>((cols + 1) / 2 * 2 * kGroupColumns) * sizeof(std::uint16_t);
}

/// Activations for tile registers: groups of 16 tokens in bfloat16 (tile_kernels.h).
inline constexpr int kTileGroupTokens = 16;
constexpr std::int64_t tile_steps(std::int64_t cols) {
    return (cols + 31) / 32;
}
constexpr std::size_t tile_group_bytes(std::int64_t cols) {
    return static_cast<std::size_t>(tile_steps(cols) * 32 * kTileGroupTokens) * sizeof(std::uint16_t);
}
/// Steps of 32 columns that are computed for all panels of a call before the next ones: what two panels' weights fill
/// of the first-level cache without being driven out by the tokens.
inline constexpr int kTileDepth = 16;
/// MatmulTile::scratch of the tile kernels: that part of two panels, and the sums of all panels and tokens.
constexpr std::size_t tile_scratch_bytes(std::int64_t panels, std::int64_t n) {
    return static_cast<std::size_t>(2 * kTileDepth + panels * ((n + 15) / 16)) * 1024;
}

/// Rows of a quantised matrix in the file's layout, to be packed into one panel.
struct PackSource {
    const std::byte* bytes = nullptr;
    std::size_t row_bytes = 0;
    int rows = 0;  ///< 1 .. lanes; what lies beyond stays as it is in the panel
    std::int64_t blocks = 0;
    float factor = 1.0f;  ///< scales and minima are stored times this
};

/// y[token, row] for the rows of panels [panel_begin, panel_end) and all `n` tokens.
struct MatmulTile {
    const PackedMatrix* weight = nullptr;
    std::int64_t panel_begin = 0;
    std::int64_t panel_end = 0;
    const std::byte* groups = nullptr;  ///< in the form the weight's kind and the kernel need
    std::size_t group_bytes = 0;
    std::int64_t n = 0;
    const float* bias = nullptr;
    float* y = nullptr;
    Activation activation = Activation::kNone;
    std::byte* scratch = nullptr;  ///< 64-byte aligned, only for the tile kernels
};

inline constexpr int kKvTile = kKvBlockTokens;

constexpr int padded_dim(int head_dim) {
    return (head_dim + 15) / 16 * 16;
}
constexpr int kv_scale_blocks(int head_dim) {
    return (head_dim + kKvScaleFeatures - 1) / kKvScaleFeatures;
}

/// Where the parts of one kv head lie in its place of a block, in bytes: keys [head_dim][16] and values [16][padded
/// dim] of float16, or of int8 with float32 scales [scale blocks][16] and [16][scale blocks].
struct KvLayout {
    std::size_t values = 0;
    std::size_t key_scales = 0;
    std::size_t value_scales = 0;
    std::size_t size = 0;
};
constexpr KvLayout kv_layout(KvFormat format, int head_dim) {
    const std::size_t element = format == KvFormat::kInt8 ? sizeof(std::int8_t) : sizeof(std::uint16_t);
    const std::size_t scales = format == KvFormat::kInt8 ? static_cast<std::size_t>(kv_scale_blocks(head_dim)) : 0;
    KvLayout out;
    out.values = element * kKvTile * static_cast<std::size_t>(head_dim);
    out.key_scales = out.values + element * kKvTile * static_cast<std::size_t>(padded_dim(head_dim));
    out.value_scales = out.key_scales + sizeof(float) * kKvTile * scales;
    out.size = out.value_scales + sizeof(float) * kKvTile * scales;
    return out;
}

/// Where keys and values lie, in tiles of 16 positions.
struct KvSource {
    std::byte* const* blocks = nullptr;  ///< one a tile
    std::size_t offset = 0;              ///< of the kv head's place in a block
    KvFormat format = KvFormat::kFull;
    const float* packed = nullptr;  ///< without blocks: float32, tiles back to back, keys then values
};

/// Where the unnormalised attention of up to kAttendRows rows lies.
struct AttendResult {
    float* top = nullptr;    ///< largest score, -inf when a row saw nothing
    float* total = nullptr;  ///< sum of exp(score - top)
    float* out = nullptr;    ///< [padded dim] each: sum of exp(score - top) * value
};

/// Attention of `rows` query vectors that share one kv head. Leaves the unnormalised result behind, so that the parts
/// of a long context can be computed apart and merged.
struct AttendTile {
    KvSource kv;
    int head_dim = 0;
    int rows = 0;                           ///< <= kAttendRows
    std::int64_t begin = 0;                 ///< first position, a multiple of kAttendColumns
    std::int64_t end = 0;                   ///< one past the last position any row sees
    const std::int64_t* starts = nullptr;   ///< [rows] first position a row sees, or null: all see the first
    const std::int64_t* lengths = nullptr;  ///< [rows] one past the last position that it sees
    float soft_cap = 0;                     ///< as in ScoreRule
    const float* q = nullptr;               ///< [rows][head_dim], already times the scale
    float* scores = nullptr;                ///< scratch [kAttendRows][kAttendColumns]
    AttendResult result;                    ///< out; of the first `rows`
    std::byte* tiles = nullptr;             ///< scratch of tile_attend_bytes(head_dim), only for the tile kernels
};

inline constexpr int kAttendRows = 128;
inline constexpr int kAttendColumns = 64;

/// Queries, weights, and either keys or values of kAttendColumns positions, in bfloat16.
constexpr std::size_t tile_attend_bytes(int head_dim) {
    const std::size_t keys = kAttendColumns / kTileGroupTokens * tile_group_bytes(head_dim);
    const std::size_t values = static_cast<std::size_t>(padded_dim(head_dim) / 16) * tile_group_bytes(kAttendColumns);
    return kAttendRows / kTileGroupTokens * (tile_group_bytes(head_dim) + tile_group_bytes(kAttendColumns)) +
           (keys > values ? keys : values);
}

/// Matrix products in tile registers, of bfloat16 and quantised weights, and attention.
struct TileKernels {
    void (*group)(const float* x, int tokens, std::int64_t cols, std::byte* group);
    void (*matmul)(const MatmulTile& tile);
    void (*attend)(const AttendTile& tile);
};

struct KernelTable {
    const char* name;
    int lanes;
    /// Loads every whole register of it.
    void (*read)(const std::byte* bytes, std::size_t count);
    /// A quantised matrix's rows into a panel of its packed kind; only types that are quantised.
    void (*pack_panel)(DType type, const PackSource& source, std::byte* panel);
    /// Row-major x [columns][cols], row stride cols, into one group. cols is a multiple of 32.
    void (*quantise_group)(const float* x, int columns, std::int64_t cols, std::byte* group);
    void (*float_group)(const float* x, int columns, std::int64_t cols, std::byte* group);
    void (*pair_group)(const float* x, int columns, std::int64_t cols, std::byte* group);
    void (*matmul)(const MatmulTile& tile);
    void (*rms_norm)(const float* x, const float* weight, std::int64_t rows, std::int64_t dim, float epsilon, float* y);
    void (*layer_norm)(const float* x, const float* weight, const float* bias, std::int64_t rows, std::int64_t dim,
                       float epsilon, float* y);
    /// Rotates `heads` vectors of one token; cosines and sines are [head_dim / 2].
    void (*rope)(float* x, int heads, int head_dim, const float* cosines, const float* sines, RopeStyle style);
    /// One token's keys and values of one kv head into slot 0-15 of the head's place in a block.
    void (*store_kv)(const float* k, const float* v, int head_dim, int slot, KvFormat format, std::byte* place);
    void (*attend)(const AttendTile& tile);
    /// Adds a later part of the context to what the first `rows` rows have so far.
    void (*fold)(const AttendResult& into, const AttendResult& part, int rows, int head_dim);
    /// y[r] = x[r] * factors[r]: rows of `dim` floats, whose beginnings lie so far apart.
    void (*scale_rows)(const float* x, std::int64_t x_apart, int rows, int dim, const float* factors, float* y,
                       std::int64_t y_apart);
    void (*glu)(float* gate, const float* up, std::int64_t count, Gate activation);
    void (*soft_cap)(float* x, std::int64_t count, float cap);
    void (*add)(float* x, const float* y, std::int64_t count);
    /// x *= y.
    void (*multiply)(float* x, const float* y, std::int64_t count);
    /// x += factor * y.
    void (*add_scaled)(float* x, const float* y, float factor, std::int64_t count);
    const TileKernels* tiles = nullptr;
};

const KernelTable& generic_kernels();
#if defined(__x86_64__)
const KernelTable& avx2_kernels();         ///< call only when cpu_features().avx2
const KernelTable& avx512_kernels();       ///< call only when cpu_features().avx512_vnni
const KernelTable& avx512_bf16_kernels();  ///< call only when avx512_bf16 is there too
/// Call only when amx_int8 and amx_bf16 are there too, and the kernel lets this process use tiles.
const KernelTable& amx_kernels();
/// The same over a model of the instructions (tiles.h), slowly and on any processor: how they are tested without AMX.
const KernelTable& amx_model_kernels();
#elif defined(__aarch64__)
const KernelTable& neon_kernels();       ///< call only when cpu_features().neon_dotprod
const KernelTable& neon_i8mm_kernels();  ///< call only when cpu_features().neon_i8mm
#endif

/// The table `isa` names, or the best one this processor runs when it is empty; null when it lacks it.
const KernelTable* find_kernels(const std::string& isa);

}  // namespace hearth::llm::cpu
