// Copies quantised rows into panels (packed.h). Included only by the kernels_*.cpp files: plain loops over bytes, which
// each compilation turns into the vectors of its instruction set. Loading a model is mostly this.
#pragma once

#include <cstring>

#include "llm/cpu/block_codec.h"
#include "llm/cpu/kernels.h"

namespace hearth::llm::cpu {
namespace {

/// 32 stored numbers of one row to its word in each register of the block; registers lie `stride` bytes apart.
template <PackedKind kKind>
inline void interleave_row(const std::uint8_t* quants, std::size_t stride, std::byte* out) {
    if constexpr (kKind == PackedKind::kS8) {
        for (std::size_t step = 0; step < kSteps; ++step) std::memcpy(out + step * stride, quants + 4 * step, 4);
        return;
    }
    std::uint8_t low[16];
    for (int i = 0; i < 16; ++i) low[i] = static_cast<std::uint8_t>((quants[i] & 15) | (quants[i + 16] << 4));
    for (std::size_t j = 0; j < 4; ++j) std::memcpy(out + j * stride, low + 4 * j, 4);
    if constexpr (bits_of(kKind) == 5) {
        std::uint32_t fifth = 0;
        for (int step = 0; step < kSteps; ++step) {
            std::uint32_t word;
            std::memcpy(&word, quants + 4 * step, 4);
            fifth |= ((word >> 4) & 0x01010101u) << step;
        }
        std::memcpy(out + 4 * stride, &fifth, 4);
    }
    if constexpr (bits_of(kKind) == 6) {
        for (std::size_t half = 0; half < 2; ++half) {
            std::uint32_t high = 0;
            for (std::size_t step = 0; step < 4; ++step) {
                std::uint32_t word;
                std::memcpy(&word, quants + 16 * half + 4 * step, 4);
                high |= ((word >> 4) & 0x03030303u) << (2 * step);
            }
            std::memcpy(out + (4 + half) * stride, &high, 4);
        }
    }
}

template <class S, DType kType>
void pack_type(const PackSource& source, std::byte* out) {
    constexpr PackedKind kKind = *packed_kind(kType);
    constexpr std::size_t kLanes = S::kLanes, kQuantBytes = quant_bytes(kKind, S::kLanes);
    constexpr std::size_t kSets = scales_per_block(kKind) + (has_min(kKind) ? 1 : 0);
    constexpr std::size_t kBlockBytes = kQuantBytes + kSets * kLanes * sizeof(std::uint16_t);
    for (std::int64_t b = 0; b < source.blocks; ++b, out += kBlockBytes) {
        for (std::size_t lane = 0; lane < static_cast<std::size_t>(source.rows); ++lane) {
            const std::byte* row = source.bytes + lane * source.row_bytes;
            std::uint8_t quants[32];
            block_quants<kType>(row, b, quants);
            interleave_row<kKind>(quants, 4 * kLanes, out + 4 * lane);
            const BlockScales s = block_scales<kType>(row, b);
            const float sets[] = {s.scale[0], has_min(kKind) ? s.minimum : s.scale[1]};
            for (std::size_t set = 0; set < kSets; ++set) {
                const std::uint16_t half = float_to_half(sets[set] * source.factor);
                std::memcpy(out + kQuantBytes + (set * kLanes + lane) * sizeof half, &half, sizeof half);
            }
        }
    }
}

template <class S>
void pack_panel(DType type, const PackSource& source, std::byte* out) {
    switch (type) {
        case DType::kQ4_0:
            return pack_type<S, DType::kQ4_0>(source, out);
        case DType::kQ4_1:
            return pack_type<S, DType::kQ4_1>(source, out);
        case DType::kQ5_0:
            return pack_type<S, DType::kQ5_0>(source, out);
        case DType::kQ5_1:
            return pack_type<S, DType::kQ5_1>(source, out);
        case DType::kQ8_0:
            return pack_type<S, DType::kQ8_0>(source, out);
        case DType::kQ4_K:
            return pack_type<S, DType::kQ4_K>(source, out);
        case DType::kQ5_K:
            return pack_type<S, DType::kQ5_K>(source, out);
        case DType::kQ6_K:
            return pack_type<S, DType::kQ6_K>(source, out);
        default:
            return;
    }
}

}  // namespace
}  // namespace hearth::llm::cpu
