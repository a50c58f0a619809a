// The attention half of CpuOps: cuts the work by kv head, query tile and, for long contexts, by position.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/check.h"
#include "llm/cpu/cpu_ops.h"

namespace hearth::llm::cpu {
namespace {

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

std::size_t head_offset(int kv_head, int head_dim, KvFormat format) {
    return static_cast<std::size_t>(kv_head) * kv_layout(format, head_dim).size;
}

/// What one attend() call leaves: kAttendRows tops, totals and vectors.
std::size_t result_floats(int head_dim) {
    return static_cast<std::size_t>(kAttendRows) * static_cast<std::size_t>(2 + padded_dim(head_dim));
}

/// One thread's floats, cut up by pointer.
struct Scratch {
    std::byte* tiles;
    float* q;
    float* scores;
    float* result;
    float* part;
    float* packed;  ///< encoder keys and values
    std::int64_t starts[kAttendRows];
    std::int64_t lengths[kAttendRows];
    float factors[kAttendRows];

    static std::size_t floats(int head_dim, std::int64_t packed_tiles) {
        return tile_attend_bytes(head_dim) / sizeof(float) +
               static_cast<std::size_t>(kAttendRows) * static_cast<std::size_t>(head_dim + kAttendColumns) +
               2 * result_floats(head_dim) +
               static_cast<std::size_t>(packed_tiles * kKvTile * (head_dim + padded_dim(head_dim)));
    }
    Scratch(Buffer& buffer, int head_dim) {
        tiles = buffer.data();
        q = reinterpret_cast<float*>(tiles + tile_attend_bytes(head_dim));
        scores = q + kAttendRows * head_dim;
        result = scores + kAttendRows * kAttendColumns;
        part = result + result_floats(head_dim);
        packed = part + result_floats(head_dim);
    }
};

/// To a token at `position`.
std::int64_t first_visible(const ScoreRule& rule, std::int64_t position) {
    return rule.window > 0 ? std::max<std::int64_t>(0, position + 1 - rule.window) : 0;
}

AttendResult result_at(float* floats) {
    return {floats, floats + kAttendRows, floats + 2 * kAttendRows};
}

}  // namespace

static_assert(CpuOps::kPartPositions % kAttendColumns == 0);

std::int64_t CpuOps::AttendItem::parts() const {
    return divide_up(first_position + tokens, kPartPositions) - first_visible / kPartPositions;
}

std::size_t CpuOps::kv_block_bytes(int kv_heads, int head_dim, KvFormat format) const {
    return head_offset(kv_heads, head_dim, format);
}

void CpuOps::kv_store(const KvStoreArgs& args) {
    const int heads = args.kv_heads, dim = args.head_dim;
    const std::int64_t width = std::int64_t{heads} * dim;
    const float* k = args.k;
    const float* v = args.v;
    for (const KvRows& sequence : args.sequences) {
        for_rows(sequence.n, width, [&](std::int64_t first, std::int64_t rows) {
            for (std::int64_t t = first; t < first + rows; ++t) {
                const std::int64_t position = sequence.first_position + t;
                std::byte* block = sequence.blocks[position / kKvBlockTokens];
                for (int h = 0; h < heads; ++h) {
                    kernels_.store_kv(k + t * width + h * dim, v + t * width + h * dim, dim,
                                      static_cast<int>(position % kKvBlockTokens), args.format,
                                      block + head_offset(h, dim, args.format));
                }
            }
        });
        k += sequence.n * width;
        v += sequence.n * width;
    }
}

void CpuOps::attend(const AttendTile& tile, Phase phase) const {
    return kernels_.tiles != nullptr && phase == Phase::kPrefill ? kernels_.tiles->attend(tile) : kernels_.attend(tile);
}

/// One part of the context for the tokens of one item.
void CpuOps::attend_part(const AttentionArgs& args, const AttendItem& item, std::int64_t part, int thread,
                         float* result) {
    const int dim = args.head_dim, group = args.heads / args.kv_heads;
    Scratch scratch(thread_scratch_[static_cast<std::size_t>(thread)], dim);
    AttendTile tile;
    tile.head_dim = dim;
    const ScoreRule& rule = args.rule;
    std::fill_n(scratch.factors, group, rule.scale > 0 ? rule.scale : 1.0f / std::sqrt(static_cast<float>(dim)));
    for (std::int64_t t = 0; t < item.tokens; ++t, tile.rows += group) {
        const float* q = args.q + ((item.first_row + t) * args.heads + item.kv_head * group) * dim;
        kernels_.scale_rows(q, dim, group, dim, scratch.factors, scratch.q + tile.rows * dim, dim);
        std::fill_n(scratch.starts + tile.rows, group, first_visible(rule, item.first_position + t));
        std::fill_n(scratch.lengths + tile.rows, group, item.first_position + t + 1);
    }
    tile.kv.blocks = item.blocks;
    tile.kv.offset = head_offset(item.kv_head, dim, args.format);
    tile.kv.format = args.format;
    // A row's sums begin where the chunk with its first position does, whatever else is in the tile.
    const std::int64_t begin = (item.first_visible / kPartPositions + part) * kPartPositions;
    tile.begin = std::max(begin, item.first_visible / kAttendColumns * kAttendColumns);
    tile.end = std::min(begin + kPartPositions, item.first_position + item.tokens);
    tile.starts = rule.window > 0 ? scratch.starts : nullptr;
    tile.lengths = scratch.lengths;
    tile.soft_cap = rule.soft_cap;
    tile.q = scratch.q;
    tile.scores = scratch.scores;
    tile.tiles = scratch.tiles;
    tile.result = result_at(result);
    attend(tile, item.phase);
}

void CpuOps::write_item(const AttentionArgs& args, const AttendItem& item, float* result) const {
    const int dim = args.head_dim, group = args.heads / args.kv_heads, stride = padded_dim(dim);
    const AttendResult from = result_at(result);
    float inverse[kAttendRows];
    for (int t = 0; t < item.tokens; ++t) {
        for (int h = 0; h < group; ++h) inverse[h] = 1.0f / from.total[t * group + h];
        kernels_.scale_rows(from.out + t * group * stride, stride, group, dim, inverse,
                            args.out + ((item.first_row + t) * args.heads + item.kv_head * group) * dim, dim);
    }
}

static_assert(kAttendRows >= kMaxHeadGroup);

/// Fills attend_items_; returns the parts of all of them together.
std::int64_t CpuOps::plan_attention(const AttentionArgs& args) {
    const std::int64_t tile_tokens = kAttendRows / (args.heads / args.kv_heads);
    std::int64_t row = 0, parts = 0;
    attend_items_.clear();
    for (const KvRows& sequence : args.sequences) {
        for (int kv_head = 0; kv_head < args.kv_heads; ++kv_head) {
            for (std::int64_t first = 0; first < sequence.n; first += tile_tokens) {
                AttendItem item{sequence.blocks,
                                kv_head,
                                row + first,
                                std::min(tile_tokens, sequence.n - first),
                                sequence.first_position + first,
                                sequence.phase,
                                first_visible(args.rule, sequence.first_position + first),
                                parts};
                parts += item.parts();
                attend_items_.push_back(item);
            }
        }
        row += sequence.n;
    }
    return parts;
}

void CpuOps::attention(const AttentionArgs& args) {
    HEARTH_CHECK(args.kv_heads > 0 && args.heads % args.kv_heads == 0 && args.heads / args.kv_heads <= kAttendRows);
    const std::int64_t total_parts = plan_attention(args);
    const auto items = static_cast<std::int64_t>(attend_items_.size());
    for (Buffer& buffer : thread_scratch_) buffer.reserve(Scratch::floats(args.head_dim, 0) * sizeof(float));
    // Few items (a decode step) over a long context: its parts are shared out.
    if (total_parts > items && items < std::int64_t{4} * threads()) return attend_by_parts(args, total_parts);
    const int group = args.heads / args.kv_heads;
    pool_.parallel_for(items, [&](std::int64_t i, int thread) {
        const AttendItem& item = attend_items_[static_cast<std::size_t>(i)];
        const Scratch scratch(thread_scratch_[static_cast<std::size_t>(thread)], args.head_dim);
        attend_part(args, item, 0, thread, scratch.result);
        for (std::int64_t part = 1; part < item.parts(); ++part) {
            attend_part(args, item, part, thread, scratch.part);
            kernels_.fold(result_at(scratch.result), result_at(scratch.part), static_cast<int>(item.tokens) * group,
                          args.head_dim);
        }
        write_item(args, item, scratch.result);
    });
}

void CpuOps::attend_by_parts(const AttentionArgs& args, std::int64_t total_parts) {
    const std::size_t stride = result_floats(args.head_dim);
    const int group = args.heads / args.kv_heads;
    parts_.reserve(static_cast<std::size_t>(total_parts) * stride * sizeof(float));
    float* results = reinterpret_cast<float*>(parts_.data());
    const auto place = [&](std::int64_t i) { return results + static_cast<std::size_t>(i) * stride; };
    pool_.parallel_for(total_parts, [&](std::int64_t i, int thread) {
        const auto after =
            std::upper_bound(attend_items_.begin(), attend_items_.end(), i,
                             [](std::int64_t at, const AttendItem& item) { return at < item.first_part; });
        const AttendItem& item = *(after - 1);
        attend_part(args, item, i - item.first_part, thread, place(i));
    });
    for (const AttendItem& item : attend_items_) {
        float* result = place(item.first_part);
        for (std::int64_t part = 1; part < item.parts(); ++part) {
            kernels_.fold(result_at(result), result_at(place(item.first_part + part)),
                          static_cast<int>(item.tokens) * group, args.head_dim);
        }
        write_item(args, item, result);
    }
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
    for (std::int64_t first = 0; first < length; first += kAttendRows) {
        AttendTile tile;
        tile.kv.packed = scratch.packed;
        tile.head_dim = dim;
        tile.rows = static_cast<int>(std::min<std::int64_t>(kAttendRows, length - first));
        tile.end = length;
        tile.lengths = scratch.lengths;
        tile.q = scratch.q;
        tile.scores = scratch.scores;
        tile.tiles = scratch.tiles;
        tile.result = result_at(scratch.result);
        std::fill_n(scratch.lengths, tile.rows, length);
        std::fill_n(scratch.factors, tile.rows, 1.0f / std::sqrt(static_cast<float>(dim)));
        const std::int64_t place = (start + first) * width + head * dim;
        kernels_.scale_rows(args.q + place, width, tile.rows, dim, scratch.factors, scratch.q, dim);
        attend(tile, Phase::kPrefill);
        for (int r = 0; r < tile.rows; ++r) scratch.factors[r] = 1.0f / tile.result.total[r];
        kernels_.scale_rows(tile.result.out, stride, tile.rows, dim, scratch.factors, args.out + place, width);
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
