// Matrix products over tile registers (tiles.h), for the tokens of a prompt or of a text to embed. Included only by the
// kernels_*.cpp files whose wrapper S has 16 lanes.
//
// Everything is bfloat16 here: activations are rounded once, quantised panels are expanded to scaled weights, once for
// all tokens. Sums stay in the tiles along the columns, so that nothing is left to do per block of a quantised matrix:
// with 8-bit tiles the scales cost five times what the products do. The order of the sums is that of the columns,
// whatever the number of tokens.
#pragma once

#include <algorithm>

#include "llm/cpu/matmul_kernels.h"
#include "llm/cpu/tiles.h"

namespace hearth::llm::cpu {
namespace {

inline constexpr std::size_t kTileBytes = std::size_t{kTileTokens} * kTileRowBytes;
static_assert(kTileTokens == kTileGroupTokens && kTileColumns == kBlockColumns);

/// A group is [columns / 32][16 tokens][32]: one tile behind the other, zero beyond the tokens and columns there are.
template <class S>
void tile_group(const float* x, int tokens, std::int64_t cols, std::byte* group) {
    const std::int64_t steps = tile_steps(cols);
    for (int t = 0; t < kTileTokens; ++t) {
        auto* out = reinterpret_cast<std::uint16_t*>(group) + t * kTileColumns;
        for (std::int64_t step = 0; step < steps; ++step, out += kTileBytes / sizeof *out) {
            const std::int64_t first = step * kTileColumns;
            if (t < tokens && cols - first >= kTileColumns) {
                S::store_bf16(out, S::load(x + t * cols + first));
                S::store_bf16(out + S::kLanes, S::load(x + t * cols + first + S::kLanes));
                continue;
            }
            for (std::int64_t k = 0; k < kTileColumns; ++k)
                out[k] = t < tokens && first + k < cols ? float_to_bfloat16(x[t * cols + first + k]) : std::uint16_t{0};
        }
    }
}

/// Steps [first, first + steps) of a panel as tiles of weights. bfloat16 panels are that already and read in place,
/// but for a last one that is not whole.
template <class S, PackedKind kKind>
const std::byte* tile_weights(const MatmulTile& t, std::int64_t panel, std::int64_t first, std::int64_t steps,
                              std::byte* scratch) {
    const std::byte* p = t.weight->panel(panel);
    if constexpr (is_pairs(kKind)) {
        p += static_cast<std::size_t>(first) * kTileBytes;
        const auto held = static_cast<std::size_t>((t.weight->cols() + 1) / 2 - first * kTileRows) * kTileRowBytes;
        const auto wanted = static_cast<std::size_t>(steps) * kTileBytes;
        if (held >= wanted) return p;
        std::memcpy(scratch, p, held);
        std::memset(scratch + held, 0, wanted - held);
    } else {
        using U = Unpack<S, kKind>;
        const typename S::Q centre = S::set1_q(U::kCentre != 0 ? 1 << U::kCentre : 0);
        p += static_cast<std::size_t>(first) * U::kBlockBytes;
        std::byte* out = scratch;
        for (std::int64_t b = 0; b < steps; ++b, p += U::kBlockBytes, out += kTileBytes) {
            const auto* halves = reinterpret_cast<const std::uint16_t*>(p + U::kQuantBytes);
            const typename S::F scales[] = {S::load_f16(halves), S::load_f16(halves + (U::kScales - 1) * S::kLanes)};
            const typename S::F minimum = U::kMin ? S::load_f16(halves + U::kScales * S::kLanes) : S::zero();
            const auto one = [&]<int kStep>(std::integral_constant<int, kStep>) HEARTH_INLINE_LAMBDA {
                typename S::Q w = U::template step<kStep>(p);
                if constexpr (U::kCentre != 0) w = S::sub_q(w, centre);
                S::store_pairs(out + 2 * kStep * kTileRowBytes, w, scales[kStep / 4], minimum);
            };
            [&]<int... kStep>(std::integer_sequence<int, kStep...>) HEARTH_INLINE_LAMBDA {
                (one(std::integral_constant<int, kStep>{}), ...);
            }
            (std::make_integer_sequence<int, kSteps>{});
        }
    }
    return scratch;
}

/// Where sums lie: those of group g and panel p begin g * group + p * panel bytes on, their tokens `row` bytes apart.
struct TileSums {
    std::byte* data;
    std::size_t group;
    std::size_t panel;
    std::size_t row;
};

/// sums += kGroups groups of tokens times kPanels panels, `steps` tiles deep. The groups lie `next` bytes apart.
/// `fresh`: the sums begin at zero.
template <class Tiles, int kGroups, int kPanels>
void tile_block(Tiles& tiles, const std::byte* x, std::size_t next, const std::byte* const* weights, std::int64_t steps,
                bool fresh, const TileSums& sums) {
    const auto each = [&](const auto& op) HEARTH_INLINE_LAMBDA {
        [&]<int... kAt>(std::integer_sequence<int, kAt...>) HEARTH_INLINE_LAMBDA {
            (op(std::integral_constant<int, kAt / kPanels>{}, std::integral_constant<int, kAt % kPanels>{}), ...);
        }
        (std::make_integer_sequence<int, kGroups * kPanels>{});
    };
    each([&]<int kGroup, int kPanel>(std::integral_constant<int, kGroup>, std::integral_constant<int, kPanel>) {
        if (fresh)
            tiles.template zero<kGroup * 2 + kPanel>();
        else
            tiles.template load<kGroup * 2 + kPanel>(sums.data + kGroup * sums.group + kPanel * sums.panel, sums.row);
    });
    for (std::size_t at = 0; at < static_cast<std::size_t>(steps) * kTileBytes; at += kTileBytes) {
        each([&]<int kGroup, int kPanel>(std::integral_constant<int, kGroup>, std::integral_constant<int, kPanel>) {
            if constexpr (kPanel == 0)
                tiles.template load_passing<kFirstTokenTile + kGroup>(x + kGroup * next + at, kTileRowBytes);
            if constexpr (kGroup == 0)
                tiles.template load<kFirstWeightTile + kPanel>(weights[kPanel] + at, kTileRowBytes);
            tiles.template dot<kGroup * 2 + kPanel, kFirstTokenTile + kGroup, kFirstWeightTile + kPanel>();
        });
    }
    each([&]<int kGroup, int kPanel>(std::integral_constant<int, kGroup>, std::integral_constant<int, kPanel>) {
        tiles.template store<kGroup * 2 + kPanel>(sums.data + kGroup * sums.group + kPanel * sums.panel, sums.row);
    });
}

/// All groups times one or two panels.
template <class Tiles>
void tile_product(Tiles& tiles, const std::byte* x, std::int64_t groups, std::size_t next,
                  const std::byte* const* weights, int panels, std::int64_t steps, bool fresh, TileSums sums) {
    for (std::int64_t g = 0; g < groups; g += 2, x += 2 * next, sums.data += 2 * sums.group) {
        const bool two = g + 1 < groups;
        if (two && panels == 2)
            tile_block<Tiles, 2, 2>(tiles, x, next, weights, steps, fresh, sums);
        else if (two)
            tile_block<Tiles, 2, 1>(tiles, x, next, weights, steps, fresh, sums);
        else if (panels == 2)
            tile_block<Tiles, 1, 2>(tiles, x, next, weights, steps, fresh, sums);
        else
            tile_block<Tiles, 1, 1>(tiles, x, next, weights, steps, fresh, sums);
    }
}

/// Some columns for all panels, then the next: the tokens' part of them stays in the second-level cache.
template <class S, class Tiles, PackedKind kKind>
void tile_matmul_kind(const MatmulTile& t) {
    constexpr std::size_t kPanelPart = std::size_t{kTileDepth} * kTileBytes;
    const std::int64_t steps = tile_steps(t.weight->cols());
    const std::int64_t groups = (t.n + kTileTokens - 1) / kTileTokens;
    std::byte* const all_sums = t.scratch + 2 * kPanelPart;
    Tiles tiles;
    for (std::int64_t first = 0; first < steps; first += kTileDepth) {
        const std::int64_t part = std::min<std::int64_t>(kTileDepth, steps - first);
        for (std::int64_t p = t.panel_begin; p < t.panel_end; p += 2) {
            const int panels = p + 1 < t.panel_end ? 2 : 1;
            const std::byte* weights[2] = {};
            for (int i = 0; i < panels; ++i)
                weights[i] =
                    tile_weights<S, kKind>(t, p + i, first, part, t.scratch + static_cast<std::size_t>(i) * kPanelPart);
            std::byte* sums = all_sums + static_cast<std::size_t>((p - t.panel_begin) * groups) * kTileBytes;
            const auto per_panel = static_cast<std::size_t>(groups) * kTileBytes;
            tile_product(tiles, t.groups + static_cast<std::size_t>(first) * kTileBytes, groups, t.group_bytes, weights,
                         panels, part, first == 0, {sums, kTileBytes, per_panel, kTileRowBytes});
            if (first + part < steps) continue;
            for (std::int64_t token = 0; token < t.n; token += kTileTokens, sums += kTileBytes) {
                const int columns = static_cast<int>(std::min<std::int64_t>(kTileTokens, t.n - token));
                const auto* values = reinterpret_cast<const float*>(sums);
                if (panels == 2)
                    write_rows<S, 2>(t, p, token, columns, values,
                                     static_cast<std::ptrdiff_t>(per_panel / sizeof(float)));
                else
                    write_rows<S, 1>(t, p, token, columns, values);
            }
        }
    }
}

template <class S, class Tiles>
void tile_matmul(const MatmulTile& t) {
    switch (t.weight->kind()) {
        case PackedKind::kU4:
            return tile_matmul_kind<S, Tiles, PackedKind::kU4>(t);
        case PackedKind::kU4Min:
            return tile_matmul_kind<S, Tiles, PackedKind::kU4Min>(t);
        case PackedKind::kU5:
            return tile_matmul_kind<S, Tiles, PackedKind::kU5>(t);
        case PackedKind::kU5Min:
            return tile_matmul_kind<S, Tiles, PackedKind::kU5Min>(t);
        case PackedKind::kU6:
            return tile_matmul_kind<S, Tiles, PackedKind::kU6>(t);
        case PackedKind::kS8:
            return tile_matmul_kind<S, Tiles, PackedKind::kS8>(t);
        case PackedKind::kBF16:
            return tile_matmul_kind<S, Tiles, PackedKind::kBF16>(t);
        case PackedKind::kF32:
        case PackedKind::kF16:
            return matmul<S>(t);
    }
}

}  // namespace
}  // namespace hearth::llm::cpu
