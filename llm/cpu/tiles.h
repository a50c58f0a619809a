// Eight tile registers and what AMX does with them: the interface the kernels of tile_kernels.h are written over, and
// its model in plain C++ (tiles_amx.h has the instructions). A register holds up to 16 rows of 64 bytes:
//   0-3  sums      [tokens][16 rows of the weight], int32 or float
//   4-5  tokens    [tokens][k_bytes]: 8-bit or bfloat16 activations, along the columns of the weight
//   6-7  weights   [k_bytes / 4][16][4 bytes]: one step of a packed panel a row
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "llm/half.h"

namespace hearth::llm::cpu {
namespace {

inline constexpr int kTileTokens = 16;
inline constexpr int kTileRows = 16;
inline constexpr int kTileRowBytes = 64;
inline constexpr int kFirstTokenTile = 4;
inline constexpr int kFirstWeightTile = 6;

struct TileShape {
    int tokens = kTileTokens;
    int k_bytes = kTileRowBytes;
};

/// Source: Intel SDM volume 2, TDPBSSD and TDPBF16PS, without the latter's flushing of denormals.
class ModelTiles {
  public:
    explicit ModelTiles(TileShape shape) : shape_(shape) {}

    template <int kTile>
    void zero() {
        std::memset(tiles_[kTile], 0, sizeof tiles_[kTile]);
    }
    template <int kTile>
    void load(const void* base, std::size_t stride) {
        zero<kTile>();
        for (int r = 0; r < rows(kTile); ++r) {
            std::memcpy(tiles_[kTile][r], static_cast<const std::byte*>(base) + static_cast<std::size_t>(r) * stride,
                        row_bytes(kTile));
        }
    }
    template <int kTile>
    void store(void* base, std::size_t stride) const {
        for (int r = 0; r < rows(kTile); ++r) {
            std::memcpy(static_cast<std::byte*>(base) + static_cast<std::size_t>(r) * stride, tiles_[kTile][r],
                        row_bytes(kTile));
        }
    }
    /// sums[t][r] += tokens[t] . weights[r], signed bytes.
    template <int kSums, int kTokens, int kWeights>
    void dot_int8() {
        for (int t = 0; t < shape_.tokens; ++t) {
            for (int r = 0; r < kTileRows; ++r) {
                std::int32_t total = element<std::int32_t>(kSums, t, r);
                for (int k = 0; k < shape_.k_bytes; ++k) {
                    total += element<std::int8_t>(kTokens, t, k) * element<std::int8_t>(kWeights, k / 4, 4 * r + k % 4);
                }
                std::memcpy(tiles_[kSums][t] + 4 * r, &total, sizeof total);
            }
        }
    }
    /// The same with bfloat16: even and odd columns are summed apart, then added.
    template <int kSums, int kTokens, int kWeights>
    void dot_bf16() {
        for (int t = 0; t < shape_.tokens; ++t) {
            for (int r = 0; r < kTileRows; ++r) {
                float parts[2] = {};
                for (int k = 0; k < shape_.k_bytes / 2; ++k) {
                    const float x = bfloat16_to_float(element<std::uint16_t>(kTokens, t, k));
                    const float w = bfloat16_to_float(element<std::uint16_t>(kWeights, k / 2, 2 * r + k % 2));
                    parts[k % 2] = std::fma(x, w, parts[k % 2]);
                }
                const float total = element<float>(kSums, t, r) + (parts[0] + parts[1]);
                std::memcpy(tiles_[kSums][t] + 4 * r, &total, sizeof total);
            }
        }
    }

  private:
    int rows(int tile) const { return tile < kFirstWeightTile ? shape_.tokens : shape_.k_bytes / 4; }
    std::size_t row_bytes(int tile) const {
        const bool tokens = tile >= kFirstTokenTile && tile < kFirstWeightTile;
        return static_cast<std::size_t>(tokens ? shape_.k_bytes : kTileRowBytes);
    }
    template <typename T>
    T element(int tile, int row, int index) const {
        T value;
        std::memcpy(&value, tiles_[tile][row] + sizeof(T) * static_cast<std::size_t>(index), sizeof value);
        return value;
    }

    TileShape shape_;
    std::byte tiles_[8][16][kTileRowBytes] = {};
};

}  // namespace
}  // namespace hearth::llm::cpu
