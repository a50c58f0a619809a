// The tile registers of AMX: the interface of tiles.h as single instructions. Assembly, because GCC 12's intrinsics
// paste the register's number as text and so take no template parameter.
#pragma once

#include "llm/cpu/tiles.h"

namespace hearth::llm::cpu {
namespace {

/// Holds the thread's tile configuration while it lives; one at a time on a thread.
class AmxTiles {
  public:
    AmxTiles() {
        struct alignas(64) Configuration {
            std::uint8_t palette = 1;
            std::uint8_t start_row = 0;
            std::uint8_t reserved[14] = {};
            std::uint16_t row_bytes[16] = {};
            std::uint8_t rows[16] = {};
        } configuration;
        for (int tile = 0; tile < 8; ++tile) {
            configuration.row_bytes[tile] = kTileRowBytes;
            configuration.rows[tile] = 16;
        }
        asm volatile("ldtilecfg %0" : : "m"(configuration));
    }
    ~AmxTiles() { asm volatile("tilerelease"); }
    AmxTiles(const AmxTiles&) = delete;
    AmxTiles& operator=(const AmxTiles&) = delete;

    template <int kTile>
    void zero() {
        asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
    }
    template <int kTile>
    void load(const void* base, std::size_t stride) {
        asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(base), "r"(stride), "i"(kTile) : "memory");
    }
    template <int kTile>
    void load_passing(const void* base, std::size_t stride) {
        asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" : : "r"(base), "r"(stride), "i"(kTile) : "memory");
    }
    template <int kTile>
    void store(void* base, std::size_t stride) const {
        asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(base), "r"(stride), "i"(kTile) : "memory");
    }
    template <int kSums, int kTokens, int kWeights>
    void dot() {
        asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kTokens), "i"(kWeights));
    }
};

}  // namespace
}  // namespace hearth::llm::cpu
