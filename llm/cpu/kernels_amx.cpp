// Compiled with the flags flags.cmake gives it; nothing here may be called before cpu_features() said yes.
#include "llm/cpu/make_table.h"
#include "llm/cpu/simd_avx512_bf16.h"
#include "llm/cpu/tile_attention.h"
#include "llm/cpu/tiles_amx.h"

namespace hearth::llm::cpu {
namespace {

struct Amx : Avx512Bf16 {
    static constexpr const char* kName = "amx";
};

}  // namespace

const KernelTable& amx_kernels() {
    static constexpr TileKernels kTiles = tile_kernels<Amx, AmxTiles>();
    static constexpr KernelTable kTable = make_table<Amx>(&kTiles);
    return kTable;
}

}  // namespace hearth::llm::cpu
