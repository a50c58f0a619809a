// Compiled with the flags flags.cmake gives it; nothing here may be called before cpu_features() said yes.
#include "llm/cpu/make_table.h"
#include "llm/cpu/simd_avx512_bf16.h"

namespace hearth::llm::cpu {

const KernelTable& avx512_bf16_kernels() {
    static constexpr KernelTable kTable = make_table<Avx512Bf16>();
    return kTable;
}

}  // namespace hearth::llm::cpu
