// Compiled with the flags flags.cmake gives it; nothing here may be called before cpu_features() said yes.
#include "llm/cpu/make_table.h"
#include "llm/cpu/simd_neon.h"

namespace hearth::llm::cpu {

const KernelTable& neon_kernels() {
    static constexpr KernelTable kTable = make_table<Neon>();
    return kTable;
}

}  // namespace hearth::llm::cpu
