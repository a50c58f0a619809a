// The kernels any processor runs.
#include "llm/cpu/make_table.h"
#include "llm/cpu/simd_generic.h"

namespace hearth::llm::cpu {

const KernelTable& generic_kernels() {
    static constexpr KernelTable kTable = make_table<Generic>();
    return kTable;
}

}  // namespace hearth::llm::cpu
