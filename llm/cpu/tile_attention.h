// Attention of the tokens of a prompt, or of a text to embed, in tile registers: both products in bfloat16, the softmax
// between them as in attention_kernels.h. Included only by the kernels_*.cpp files whose wrapper S has 16 lanes.
#pragma once

#include <algorithm>

#include "llm/cpu/attention_kernels.h"
#include "llm/cpu/tile_kernels.h"

namespace hearth::llm::cpu {
namespace {

/// Keys as tiles of weights, one of 16 positions after the other: [steps][16 dim
/// pairs][16][2].
template <class S, typename Element>
void tile_keys(const KvTiles<Element>& tiles, int count, int head_dim, std::byte* out) {
    for (int i = 0; i < count; ++i) {
        const auto at = [&](int d) {
            if (d >= head_dim) return S::zero();
            const typename S::F key = load_element<S>(tiles[i].keys + d * kKvTile);
            return kScaled<Element> ? S::mul(key, key_scale<S>(tiles[i], d, 0)) : key;
        };
        for (int d = 0; d < tile_steps(head_dim) * kTileColumns; d += 2, out += kTileRowBytes)
            S::store_interleaved(out, at(d), at(d + 1));
    }
}

/// Values likewise, one of 16 dimensions after the other: [steps][16 position pairs][16][2], zero beyond the columns.
template <class S, typename Element>
void tile_values(const KvTiles<Element>& tiles, int columns, int dim, std::byte* out) {
    for (int d = 0; d < dim; d += kTileRows) {
        const auto at = [&](int c) {
            return c < columns ? load_values<S>(tiles[c / kKvTile], c % kKvTile, d) : S::zero();
        };
        for (int c = 0; c < tile_steps(columns) * kTileColumns; c += 2, out += kTileRowBytes)
            S::store_interleaved(out, at(c), at(c + 1));
    }
}

/// sums[group][panel] of all groups times `panels` panels that lie one behind the other.
template <class Tiles>
void tile_panels(Tiles& tiles, const std::byte* x, std::int64_t groups, std::size_t next, const std::byte* weights,
                 int panels, std::int64_t steps, bool fresh, float* sums, int stride) {
    const auto row = sizeof(float) * static_cast<std::size_t>(stride);
    const std::size_t panel_bytes = static_cast<std::size_t>(steps) * kTileBytes;
    for (int p = 0; p < panels; p += 2, weights += 2 * panel_bytes, sums += 2 * kTileRows) {
        const std::byte* pair[] = {weights, weights + panel_bytes};
        tile_product(tiles, x, groups, next, pair, std::min(2, panels - p), steps, fresh,
                     {reinterpret_cast<std::byte*>(sums), kTileTokens * row, kTileRowBytes, row});
    }
}

/// `rows` rows of `cols` floats as groups.
template <class S>
void tile_groups(const float* x, int rows, int cols, std::byte* out) {
    for (int r = 0; r < rows; r += kTileTokens, out += tile_group_bytes(cols))
        tile_group<S>(x + r * cols, std::min(kTileTokens, rows - r), cols, out);
}

template <class S, class Tiles, typename Element>
void tile_attend_elements(const AttendTile& t) {
    const int dim = padded_dim(t.head_dim), groups = (t.rows + kTileTokens - 1) / kTileTokens;
    const std::int64_t depth = tile_steps(t.head_dim);
    std::byte* const queries = t.tiles;
    std::byte* const weights = queries + kAttendRows / kTileTokens * tile_group_bytes(t.head_dim);
    std::byte* const panels = weights + kAttendRows / kTileTokens * tile_group_bytes(kAttendColumns);
    begin_attention(t, dim);
    tile_groups<S>(t.q, t.rows, t.head_dim, queries);
    KvTiles<Element> kv(t.kv, t.head_dim);
    Tiles tiles;
    for (std::int64_t begin = t.begin; begin < t.end; begin += kAttendColumns) {
        const int columns = static_cast<int>(std::min<std::int64_t>(t.end - begin, kAttendColumns));
        const int count = kv.find(begin, columns);
        tile_keys<S>(kv, count, t.head_dim, panels);
        tile_panels(tiles, queries, groups, tile_group_bytes(t.head_dim), panels, count, depth, true, t.scores,
                    kAttendColumns);
        for (int r = 0; r < t.rows; ++r) {
            soften_row<S>(t, r, begin, columns, dim);
            const int softened = count * kKvTile;
            std::fill(t.scores + r * kAttendColumns + softened, t.scores + (r + 1) * kAttendColumns, 0.0f);
        }
        tile_groups<S>(t.scores, t.rows, kAttendColumns, weights);
        tile_values<S>(kv, columns, dim, panels);
        tile_panels(tiles, weights, groups, tile_group_bytes(kAttendColumns), panels, dim / kTileRows,
                    tile_steps(columns), false, t.result.out, dim);
    }
}

template <class S, class Tiles>
void tile_attend(const AttendTile& t) {
    with_element(t.kv, [&]<typename Element>(Element) { tile_attend_elements<S, Tiles, Element>(t); });
}

template <class S, class Tiles>
constexpr TileKernels tile_kernels() {
    static_assert(S::kLanes == kTileRows);
    return {tile_group<S>, tile_matmul<S, Tiles>, tile_attend<S, Tiles>};
}

}  // namespace
}  // namespace hearth::llm::cpu
