// The kernels for tiles on any processor, for tests.
#include "llm/cpu/make_table.h"
#include "llm/cpu/simd_generic.h"
#include "llm/cpu/tile_attention.h"

namespace hearth::llm::cpu {
namespace {

struct AmxModel : GenericLanes<16> {
    static constexpr const char* kName = "amx-model";
};

}  // namespace

const KernelTable& amx_model_kernels() {
    static constexpr TileKernels kTiles = tile_kernels<AmxModel, ModelTiles>();
    static constexpr KernelTable kTable = make_table<AmxModel>(&kTiles);
    return kTable;
}

}  // namespace hearth::llm::cpu
