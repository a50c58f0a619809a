// Eight tile registers and what AMX does with them: the interface the kernels of tile_kernels.h are written over, and
// its model in plain C++ (tiles_amx.h has the instructions). A register holds up to 16 rows of 64 bytes:
//   0-3  sums      [16 tokens][16 rows of the weight], float
//   4-5  tokens    [16 tokens][32 columns], bfloat16
//   6-7  weights   [16 column pairs][16 rows][2], bfloat16
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
inline constexpr int kTileColumns = 32;
inline constexpr int kTileRowBytes = 64;
inline constexpr int kFirstTokenTile = 4;
inline constexpr int kFirstWeightTile = 6;

/// Source: Intel SDM volume 2, TDPBF16PS, without its flushing of denormals.
class ModelTiles {
  public:
    template <int kTile>
    void zero() {
        std::memset(tiles_[kTile], 0, sizeof tiles_[kTile]);
    }
    /// 16 rows, `stride` bytes apart.
    template <int kTile>
    void load(const void* base, std::size_t stride) {
        for (std::size_t r = 0; r < 16; ++r)
            std::memcpy(tiles_[kTile][r], static_cast<const std::byte*>(base) + r * stride, kTileRowBytes);
    }
    /// The same, of what will not be read again soon: it leaves the first-level cache to the rest.
    template <int kTile>
    void load_passing(const void* base, std::size_t stride) {
        load<kTile>(base, stride);
    }
    template <int kTile>
    void store(void* base, std::size_t stride) const {
        for (std::size_t r = 0; r < 16; ++r)
            std::memcpy(static_cast<std::byte*>(base) + r * stride, tiles_[kTile][r], kTileRowBytes);
    }
    /// sums[t][r] += tokens[t] . weights[r]: even and odd columns are summed apart, then added.
    template <int kSums, int kTokens, int kWeights>
    void dot() {
        for (int t = 0; t < kTileTokens; ++t) {
            for (int r = 0; r < kTileRows; ++r) {
                float parts[2] = {};
                for (int k = 0; k < kTileColumns; ++k) {
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
    template <typename T>
    T element(int tile, int row, int index) const {
        T value;
        std::memcpy(&value, tiles_[tile][row] + sizeof(T) * static_cast<std::size_t>(index), sizeof value);
        return value;
    }

    std::byte tiles_[8][16][kTileRowBytes] = {};
};

}  // namespace
}  // namespace hearth::llm::cpu
