// Matrix products over tile registers (tiles.h), for the tokens of a prompt. Included only by the kernels_*.cpp files
// whose wrapper S has 16 lanes.
//
// Quantised panels are expanded to one signed byte a weight, once for all tokens; every block's sums leave the tiles to
// be scaled in float32 in the same order as in matmul_kernels.h, so that a token's result does not depend on which of
// the two computed it. bfloat16 panels are read as they are; they stay in tiles for any number of tokens, because the
// vector instruction for bfloat16 sums in another order.
#pragma once

#include "llm/cpu/matmul_kernels.h"
#include "llm/cpu/tiles.h"

namespace hearth::llm::cpu {
namespace {

inline constexpr std::size_t kTileBytes = std::size_t{kTileTokens} * kTileRowBytes;
/// Bytes of one expanded 32-column block of 16 rows.
inline constexpr std::size_t kExpandedBytes = kTileRows * kBlockColumns;

/// One 32-column block of 16 tokens.
struct TileRecord {
    std::int8_t quants[kTileTokens][kBlockColumns];
    float scales[kTileTokens];
    float scaled_sums[kTileTokens];
};
static_assert(sizeof(TileRecord) == kTileRecordBytes);

template <class S>
void tile_quantise_group(const float* x, int tokens, std::int64_t cols, std::byte* group) {
    auto* records = reinterpret_cast<TileRecord*>(group);
    for (std::int64_t b = 0; b < cols / kBlockColumns; ++b) {
        TileRecord& record = records[b];
        for (int t = 0; t < kTileTokens; ++t) {
            if (t >= tokens) {
                std::memset(record.quants[t], 0, sizeof record.quants[t]);
                record.scales[t] = record.scaled_sums[t] = 0.0f;
                continue;
            }
            alignas(32) std::int8_t q[kBlockColumns];
            record.scales[t] = S::quantize_block(x + t * cols + b * kBlockColumns, q);
            std::memcpy(record.quants[t], q, sizeof q);
            std::int32_t pairs[2][2];
            S::pair_sums(q, pairs);
            const int all = pairs[0][0] + pairs[0][1] + pairs[1][0] + pairs[1][1];
            record.scaled_sums[t] = record.scales[t] * static_cast<float>(all);
        }
    }
}

inline void tile_pair_group(const float* x, int tokens, std::int64_t cols, std::byte* group) {
    auto* out = reinterpret_cast<std::uint16_t*>(group);
    const std::int64_t width = tile_pair_columns(cols);
    for (int t = 0; t < tokens; ++t, x += cols, out += width) {
        for (std::int64_t k = 0; k < cols; ++k) out[k] = float_to_bfloat16(x[k]);
        for (std::int64_t k = cols; k < width; ++k) out[k] = 0;
    }
}

/// A panel as [block][step][16 rows][4]: signed bytes, the centre taken away. 8-bit panels are that already.
template <class S, PackedKind kKind>
void expand_panel(const std::byte* panel, std::int64_t blocks, std::byte* out) {
    using U = Unpack<S, kKind>;
    const typename S::Q centre = S::set1_q(U::kCentre != 0 ? 1 << U::kCentre : 0);
    for (std::int64_t b = 0; b < blocks; ++b, panel += U::kBlockBytes, out += kExpandedBytes) {
        [&]<int... kStep>(std::integer_sequence<int, kStep...>) HEARTH_INLINE_LAMBDA {
            (S::store_q(out + kStep * kTileRowBytes, S::sub_q(U::template step<kStep>(panel), centre)), ...);
        }
        (std::make_integer_sequence<int, kSteps>{});
    }
}

/// totals[t] += scale * scales[t] * sums[t].
template <class S>
HEARTH_INLINE void add_scaled(const std::int32_t* sums, typename S::F scale, const TileRecord& x,
                              typename S::F (&totals)[kTileTokens]) {
    HEARTH_UNROLL
    for (int t = 0; t < kTileTokens; ++t) {
        totals[t] = S::fma(S::mul(scale, S::set1(x.scales[t])), S::load_i32(sums + t * kTileRows), totals[t]);
    }
}

/// One panel times 16 tokens: out[token][16], not yet scaled back. `weights` is a block's bytes, `next` further the
/// next one's.
template <class S, class Tiles, PackedKind kKind>
void tile_quant_panel(Tiles& tiles, const std::byte* panel, std::int64_t blocks, const std::byte* weights,
                      std::size_t next, const TileRecord* x, float* out) {
    using U = Unpack<S, kKind>;
    constexpr int kPart = kBlockColumns / U::kScales;  // columns under one scale
    typename S::F totals[kTileTokens];
    HEARTH_UNROLL
    for (int t = 0; t < kTileTokens; ++t) totals[t] = S::zero();
    alignas(64) std::int32_t sums[2][kTileTokens * kTileRows];
    for (std::int64_t b = 0; b < blocks; ++b, panel += U::kBlockBytes, weights += next) {
        const auto* halves = reinterpret_cast<const std::uint16_t*>(panel + U::kQuantBytes);
        // Two registers and two places in turn: a block need not wait until the sums before it were read.
        const auto part = [&]<int kTurn>(std::integral_constant<int, kTurn>, int half) HEARTH_INLINE_LAMBDA {
            tiles.template zero<kTurn>();
            tiles.template load<kFirstTokenTile + kTurn>(x[b].quants[0] + half * kPart, kBlockColumns);
            tiles.template load<kFirstWeightTile + kTurn>(weights + half * kPart * kTileRows, kTileRowBytes);
            tiles.template dot_int8<kTurn, kFirstTokenTile + kTurn, kFirstWeightTile + kTurn>();
            tiles.template store<kTurn>(sums[kTurn], kTileRowBytes);
            add_scaled<S>(sums[kTurn], S::load_f16(halves + half * S::kLanes), x[b], totals);
        };
        if (U::kScales == 2) {
            part(std::integral_constant<int, 0>{}, 0);
            part(std::integral_constant<int, 1>{}, 1);
        } else if (b % 2 == 0) {
            part(std::integral_constant<int, 0>{}, 0);
        } else {
            part(std::integral_constant<int, 1>{}, 0);
        }
        if constexpr (U::kMin) {
            const typename S::F minimum = S::load_f16(halves + U::kScales * S::kLanes);
            HEARTH_UNROLL
            for (int t = 0; t < kTileTokens; ++t) totals[t] = S::fma(minimum, S::set1(x[b].scaled_sums[t]), totals[t]);
        }
    }
    HEARTH_UNROLL
    for (int t = 0; t < kTileTokens; ++t) S::store(out + t * S::kLanes, totals[t]);
}

template <class S, class Tiles, PackedKind kKind>
void tile_quant_matmul(const MatmulTile& t) {
    using U = Unpack<S, kKind>;
    const std::int64_t blocks = t.weight->layout().blocks;
    Tiles tiles({kTileTokens, kBlockColumns / U::kScales});
    alignas(64) float values[kTileTokens * S::kLanes];
    for (std::int64_t p = t.panel_begin; p < t.panel_end; ++p) {
        const std::byte* panel = t.weight->panel(p);
        if constexpr (!U::kSigned) expand_panel<S, kKind>(panel, blocks, t.scratch);
        const std::byte* weights = U::kSigned ? panel : t.scratch;
        const std::byte* group = t.groups;
        for (std::int64_t token = 0; token < t.n; token += kTileTokens, group += t.group_bytes) {
            tile_quant_panel<S, Tiles, kKind>(tiles, panel, blocks, weights,
                                              U::kSigned ? U::kBlockBytes : kExpandedBytes,
                                              reinterpret_cast<const TileRecord*>(group), values);
            const std::int64_t left = t.n - token;
            write_rows<S>(t, p, token, static_cast<int>(left < kTileTokens ? left : kTileTokens), values);
        }
    }
}

/// kGroups * 16 tokens at `x` (rows of `stride` bytes) times kPanels panels: out[group][panel][token][16].
template <class Tiles, int kGroups, int kPanels>
void tile_pair_block(Tiles& tiles, const MatmulTile& t, std::int64_t p, const std::byte* x, std::size_t stride,
                     float (*out)[kTileTokens * kTileRows]) {
    const auto each = [&](const auto& op) HEARTH_INLINE_LAMBDA {
        [&]<int... kAt>(std::integer_sequence<int, kAt...>) HEARTH_INLINE_LAMBDA {
            (op(std::integral_constant<int, kAt / kPanels>{}, std::integral_constant<int, kAt % kPanels>{}), ...);
        }
        (std::make_integer_sequence<int, kGroups * kPanels>{});
    };
    each([&]<int kGroup, int kPanel>(std::integral_constant<int, kGroup>, std::integral_constant<int, kPanel>) {
        tiles.template zero<kGroup * 2 + kPanel>();
    });
    const std::int64_t rows = (t.weight->cols() + 1) / 2;  // of column pairs, in a panel
    for (std::int64_t row = 0; row < rows; row += kTileRows, x += kTileRowBytes) {
        const std::byte* weights[kPanels];
        alignas(64) std::byte last[kPanels][kTileBytes];
        for (int panel = 0; panel < kPanels; ++panel) {
            weights[panel] = t.weight->panel(p + panel) + row * kTileRowBytes;
            if (rows - row >= kTileRows) continue;
            const auto held = static_cast<std::size_t>(rows - row) * kTileRowBytes;
            std::memcpy(last[panel], weights[panel], held);
            std::memset(last[panel] + held, 0, kTileBytes - held);
            weights[panel] = last[panel];
        }
        each([&]<int kGroup, int kPanel>(std::integral_constant<int, kGroup>, std::integral_constant<int, kPanel>) {
            if constexpr (kPanel == 0)
                tiles.template load<kFirstTokenTile + kGroup>(x + kGroup * kTileTokens * stride, stride);
            if constexpr (kGroup == 0) tiles.template load<kFirstWeightTile + kPanel>(weights[kPanel], kTileRowBytes);
            tiles.template dot_bf16<kGroup * 2 + kPanel, kFirstTokenTile + kGroup, kFirstWeightTile + kPanel>();
        });
    }
    each([&]<int kGroup, int kPanel>(std::integral_constant<int, kGroup>, std::integral_constant<int, kPanel>) {
        tiles.template store<kGroup * 2 + kPanel>(out[kGroup * kPanels + kPanel], kTileRowBytes);
    });
}

/// kGroups groups of `tokens` tokens from `token` on, all panels.
template <class S, class Tiles, int kGroups>
void tile_pair_tokens(Tiles& tiles, const MatmulTile& t, std::int64_t token, int tokens) {
    const std::size_t stride = t.group_bytes / kTileTokens;
    const std::byte* x = t.groups + static_cast<std::size_t>(token) * stride;
    alignas(64) float out[kGroups * 2][kTileTokens * kTileRows];
    for (std::int64_t p = t.panel_begin; p < t.panel_end; p += 2) {
        const int panels = p + 1 < t.panel_end ? 2 : 1;
        if (panels == 2)
            tile_pair_block<Tiles, kGroups, 2>(tiles, t, p, x, stride, out);
        else
            tile_pair_block<Tiles, kGroups, 1>(tiles, t, p, x, stride, out);
        for (int i = 0; i < kGroups * panels; ++i)
            write_rows<S>(t, p + i % panels, token + i / panels * kTileTokens, tokens, out[i]);
    }
}

template <class S, class Tiles>
void tile_pair_matmul(const MatmulTile& t) {
    std::int64_t token = 0;
    if (t.n >= kTileTokens) {
        Tiles tiles({kTileTokens, kTileRowBytes});
        for (; t.n - token >= 2 * kTileTokens; token += 2 * kTileTokens)
            tile_pair_tokens<S, Tiles, 2>(tiles, t, token, kTileTokens);
        for (; t.n - token >= kTileTokens; token += kTileTokens)
            tile_pair_tokens<S, Tiles, 1>(tiles, t, token, kTileTokens);
    }
    if (token == t.n) return;
    const int left = static_cast<int>(t.n - token);
    Tiles tiles({left, kTileRowBytes});
    tile_pair_tokens<S, Tiles, 1>(tiles, t, token, left);
}

template <class S, class Tiles>
void tile_matmul(const MatmulTile& t) {
    switch (t.weight->kind()) {
        case PackedKind::kU4:
            return tile_quant_matmul<S, Tiles, PackedKind::kU4>(t);
        case PackedKind::kU4Min:
            return tile_quant_matmul<S, Tiles, PackedKind::kU4Min>(t);
        case PackedKind::kU5:
            return tile_quant_matmul<S, Tiles, PackedKind::kU5>(t);
        case PackedKind::kU5Min:
            return tile_quant_matmul<S, Tiles, PackedKind::kU5Min>(t);
        case PackedKind::kU6:
            return tile_quant_matmul<S, Tiles, PackedKind::kU6>(t);
        case PackedKind::kS8:
            return tile_quant_matmul<S, Tiles, PackedKind::kS8>(t);
        case PackedKind::kBF16:
            return tile_pair_matmul<S, Tiles>(t);
        case PackedKind::kF32:
        case PackedKind::kF16:
            return matmul<S>(t);
    }
}

template <class S, class Tiles>
constexpr TileKernels tile_kernels() {
    static_assert(S::kLanes == kTileRows);
    return {tile_quantise_group<S>, tile_pair_group, tile_matmul<S, Tiles>};
}

}  // namespace
}  // namespace hearth::llm::cpu
