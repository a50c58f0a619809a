// Compiled with the flags flags.cmake gives it; nothing here may be called before cpu_features() said yes.
#include "llm/cpu/make_table.h"
#include "llm/cpu/simd_neon_i8mm.h"

namespace hearth::llm::cpu {

const KernelTable& neon_i8mm_kernels() {
    static constexpr KernelTable kTable = make_table<NeonI8mm>();
    return kTable;
}

}  // namespace hearth::llm::cpu
