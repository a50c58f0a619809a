// The attention half of CpuOps: cuts the work by kv head, query tile and, for long contexts, by position.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/check.h"
#include "llm/cpu/cpu_ops.h"

namespace hearth::llm::cpu {
namespace {

/// Every context is cut at multiples of this and the parts folded in order, whatever the number of new tokens or
/// threads: a token's result does not depend on what it was batched with.
constexpr std::int64_t kPartPositions = 256;
static_assert(kPartPositions % kAttendColumns == 0);

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

std::size_t keys_bytes(int head_dim) {
    return sizeof(std::uint16_t) * kKvTile * static_cast<std::size_t>(head_dim);
}
std::size_t values_bytes(int head_dim) {
    return sizeof(std::uint16_t) * kKvTile * static_cast<std::size_t>(padded_dim(head_dim));
}
std::size_t head_offset(int kv_head, int head_dim) {
    return static_cast<std::size_t>(kv_head) * (keys_bytes(head_dim) + values_bytes(head_dim));
}

/// What one attend() call leaves: kAttendRows tops, totals and vectors.
std::size_t result_floats(int head_dim) {
    return static_cast<std::size_t>(kAttendRows) * static_cast<std::size_t>(2 + padded_dim(head_dim));
}

/// One thread's floats, cut up by pointer.
struct Scratch {
    float* q;
    float* scores;
    float* result;
    float* part;
    float* packed;  ///< encoder keys and values
    std::int64_t lengths[kAttendRows];

    static std::size_t floats(int head_dim, std::int64_t packed_tiles) {
        return static_cast<std::size_t>(kAttendRows) * static_cast<std::size_t>(head_dim + kAttendColumns) +
               2 * result_floats(head_dim) +
               static_cast<std::size_t>(packed_tiles * kKvTile * (head_dim + padded_dim(head_dim)));
    }
    Scratch(Buffer& buffer, int head_dim) {
        q = reinterpret_cast<float*>(buffer.data());
        scores = q + kAttendRows * head_dim;
        result = scores + kAttendRows * kAttendColumns;
        part = result + result_floats(head_dim);
        packed = part + result_floats(head_dim);
    }
};

void set_result(AttendTile& tile, float* result) {
    tile.top = result;
    tile.total = result + kAttendRows;
    tile.out = result + 2 * kAttendRows;
}

/// Adds a later part of the context to what a tile has so far, row by row. Part 0 always saw something.
void fold(float* result, const float* part, int rows, int head_dim) {
    const int stride = padded_dim(head_dim);
    for (int r = 0; r < rows; ++r) {
        if (part[r] == -INFINITY) continue;
        const float top = std::max(result[r], part[r]);
        const float keep = std::exp(result[r] - top), take = std::exp(part[r] - top);
        float* out = result + 2 * kAttendRows + r * stride;
        const float* more = part + 2 * kAttendRows + r * stride;
        for (int d = 0; d < head_dim; ++d) out[d] = keep * out[d] + take * more[d];
        result[kAttendRows + r] = keep * result[kAttendRows + r] + take * part[kAttendRows + r];
        result[r] = top;
    }
}

}  // namespace

struct CpuOps::AttendPlan {
    int group;                 ///< query heads per kv head
    std::int64_t tile_tokens;  ///< new tokens per tile
    std::int64_t tiles;
    std::int64_t parts;  ///< of the longest context
};

std::size_t CpuOps::kv_block_bytes(int kv_heads, int head_dim) const {
    return head_offset(kv_heads, head_dim);
}

void CpuOps::kv_store(const KvStoreArgs& args) {
    const int heads = args.layer.kv_heads, dim = args.layer.head_dim;
    const std::int64_t width = std::int64_t{heads} * dim;
    for_rows(args.n, width, [&](std::int64_t first, std::int64_t rows) {
        for (std::int64_t t = first; t < first + rows; ++t) {
            const std::int64_t position = args.first_position + t;
            std::byte* block = args.layer.blocks[position / kKvBlockTokens];
            for (int h = 0; h < heads; ++h) {
                std::byte* keys = block + head_offset(h, dim);
                kernels_.store_kv(args.k + t * width + h * dim, args.v + t * width + h * dim, dim,
                                  static_cast<int>(position % kKvBlockTokens), keys, keys + keys_bytes(dim));
            }
        }
    });
}

/// One part of the context for the tile of new tokens starting at `first`.
void CpuOps::attend_part(const AttentionArgs& args, const AttendPlan& plan, int kv_head, std::int64_t first,
                         std::int64_t part, int thread, float* result) {
    const int dim = args.layer.head_dim;
    const std::int64_t tokens = std::min(plan.tile_tokens, args.n - first);
    Scratch scratch(thread_scratch_[static_cast<std::size_t>(thread)], dim);
    const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
    AttendTile tile;
    tile.head_dim = dim;
    for (std::int64_t t = first; t < first + tokens; ++t) {
        for (int h = kv_head * plan.group; h < (kv_head + 1) * plan.group; ++h, ++tile.rows) {
            const float* q = args.q + (t * args.heads + h) * dim;
            for (int d = 0; d < dim; ++d) scratch.q[tile.rows * dim + d] = q[d] * scale;
            scratch.lengths[tile.rows] = args.first_position + t + 1;
        }
    }
    tile.kv.blocks = args.layer.blocks;
    tile.kv.key_offset = head_offset(kv_head, dim);
    tile.kv.value_offset = tile.kv.key_offset + keys_bytes(dim);
    tile.begin = part * kPartPositions;
    tile.end = std::min(tile.begin + kPartPositions, args.first_position + first + tokens);
    tile.lengths = scratch.lengths;
    tile.q = scratch.q;
    tile.scores = scratch.scores;
    set_result(tile, result);
    kernels_.attend(tile);
}

void CpuOps::write_tile(const AttentionArgs& args, const AttendPlan& plan, int kv_head, std::int64_t first,
                        const float* result) {
    const int dim = args.layer.head_dim;
    const std::int64_t tokens = std::min(plan.tile_tokens, args.n - first);
    for (int row = 0; row < tokens * plan.group; ++row) {
        const std::int64_t head = kv_head * plan.group + row % plan.group;
        float* out = args.out + ((first + row / plan.group) * args.heads + head) * dim;
        const float* vector = result + 2 * kAttendRows + row * padded_dim(dim);
        const float inverse = 1.0f / result[kAttendRows + row];
        for (int d = 0; d < dim; ++d) out[d] = vector[d] * inverse;
    }
}

static_assert(kAttendRows >= kMaxHeadGroup);

void CpuOps::attention(const AttentionArgs& args) {
    const int kv_heads = args.layer.kv_heads, dim = args.layer.head_dim;
    HEARTH_CHECK(kv_heads > 0 && args.heads % kv_heads == 0 && args.heads / kv_heads <= kAttendRows);
    AttendPlan plan{};
    plan.group = args.heads / kv_heads;
    plan.tile_tokens = std::min<std::int64_t>(args.n, kAttendRows / plan.group);
    plan.tiles = divide_up(args.n, plan.tile_tokens);
    plan.parts = divide_up(args.first_position + args.n, kPartPositions);
    for (Buffer& buffer : thread_scratch_) buffer.reserve(Scratch::floats(dim, 0) * sizeof(float));
    const std::int64_t items = kv_heads * plan.tiles;
    const auto kv_head_of = [&](std::int64_t item) { return static_cast<int>(item / plan.tiles); };
    const auto first_of = [&](std::int64_t item) { return item % plan.tiles * plan.tile_tokens; };
    const int rows = static_cast<int>(plan.tile_tokens) * plan.group;
    if (plan.parts > 1 && items < std::int64_t{4} * threads()) {
        // Few tiles (a decode step): the parts are shared out too.
        parts_.reserve(static_cast<std::size_t>(items * plan.parts) * result_floats(dim) * sizeof(float));
        float* parts = reinterpret_cast<float*>(parts_.data());
        const auto part_at = [&](std::int64_t i) { return parts + static_cast<std::size_t>(i) * result_floats(dim); };
        pool_.parallel_for(items * plan.parts, [&](std::int64_t i, int thread) {
            const std::int64_t item = i / plan.parts;
            attend_part(args, plan, kv_head_of(item), first_of(item), i % plan.parts, thread, part_at(i));
        });
        for (std::int64_t item = 0; item < items; ++item) {
            float* result = part_at(item * plan.parts);
            for (std::int64_t p = 1; p < plan.parts; ++p) fold(result, part_at(item * plan.parts + p), rows, dim);
            write_tile(args, plan, kv_head_of(item), first_of(item), result);
        }
        return;
    }
    pool_.parallel_for(items, [&](std::int64_t item, int thread) {
        const Scratch scratch(thread_scratch_[static_cast<std::size_t>(thread)], dim);
        const std::int64_t first = first_of(item);
        const std::int64_t end = args.first_position + std::min(first + plan.tile_tokens, args.n);
        attend_part(args, plan, kv_head_of(item), first, 0, thread, scratch.result);
        for (std::int64_t p = 1; p * kPartPositions < end; ++p) {
            attend_part(args, plan, kv_head_of(item), first, p, thread, scratch.part);
            fold(scratch.result, scratch.part, rows, dim);
        }
        write_tile(args, plan, kv_head_of(item), first, scratch.result);
    });
}

void CpuOps::encode_head(const EncoderAttentionArgs& args, std::int64_t sequence, int head, int thread) {
    const int dim = args.head_dim, stride = padded_dim(dim);
    const std::int64_t width = std::int64_t{args.heads} * dim;
    const auto s = static_cast<std::size_t>(sequence);
    const std::int64_t start = args.sequence_starts[s], length = args.sequence_starts[s + 1] - start;
    Scratch scratch(thread_scratch_[static_cast<std::size_t>(thread)], dim);
    const std::int64_t tile_floats = std::int64_t{kKvTile} * (dim + stride);
    for (std::int64_t t = 0; t < length; ++t) {
        float* keys = scratch.packed + t / kKvTile * tile_floats + t % kKvTile;
        float* values = scratch.packed + t / kKvTile * tile_floats + kKvTile * dim + t % kKvTile * stride;
        const float* k = args.k + (start + t) * width + head * dim;
        for (int d = 0; d < dim; ++d) keys[d * kKvTile] = k[d];
        std::memcpy(values, args.v + (start + t) * width + head * dim, sizeof(float) * static_cast<std::size_t>(dim));
    }
    const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
    for (std::int64_t first = 0; first < length; first += kAttendRows) {
        AttendTile tile;
        tile.kv.packed = scratch.packed;
        tile.head_dim = dim;
        tile.rows = static_cast<int>(std::min<std::int64_t>(kAttendRows, length - first));
        tile.end = length;
        tile.lengths = scratch.lengths;
        tile.q = scratch.q;
        tile.scores = scratch.scores;
        set_result(tile, scratch.result);
        for (int r = 0; r < tile.rows; ++r) {
            const float* q = args.q + (start + first + r) * width + head * dim;
            for (int d = 0; d < dim; ++d) scratch.q[r * dim + d] = q[d] * scale;
            scratch.lengths[r] = length;
        }
        kernels_.attend(tile);
        for (int r = 0; r < tile.rows; ++r) {
            float* out = args.out + (start + first + r) * width + head * dim;
            for (int d = 0; d < dim; ++d) out[d] = tile.out[r * stride + d] / tile.total[r];
        }
    }
}

void CpuOps::encoder_attention(const EncoderAttentionArgs& args) {
    const auto sequences = static_cast<std::int64_t>(args.sequence_starts.size()) - 1;
    std::int64_t longest = 0;
    for (std::size_t s = 0; s + 1 < args.sequence_starts.size(); ++s) {
        longest = std::max<std::int64_t>(longest, args.sequence_starts[s + 1] - args.sequence_starts[s]);
    }
    const std::size_t floats = Scratch::floats(args.head_dim, divide_up(longest, kKvTile));
    for (Buffer& buffer : thread_scratch_) buffer.reserve(floats * sizeof(float));
    pool_.parallel_for(sequences * args.heads, [&](std::int64_t item, int thread) {
        encode_head(args, item / args.heads, static_cast<int>(item % args.heads), thread);
    });
}

}  // namespace hearth::llm::cpu
