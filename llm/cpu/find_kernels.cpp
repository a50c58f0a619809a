#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/cpu.h"
#include "llm/cpu/kernels.h"

namespace hearth::llm::cpu {
namespace {

#if defined(__x86_64__)
/// Asks for the tile registers, which Linux gives a process only on request: Documentation/arch/x86/xstate.rst.
bool may_use_tiles() {
    constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
    return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}
#endif

}  // namespace

const KernelTable* find_kernels(const std::string& isa) {
    const auto wanted = [&](const char* name) { return isa.empty() || isa == name; };
    [[maybe_unused]] const CpuFeatures& cpu = cpu_features();
#if defined(__x86_64__)
    const bool bf16 = cpu.avx512_vnni && cpu.avx512_bf16;
    if (bf16 && cpu.amx_int8 && cpu.amx_bf16 && wanted("amx") && may_use_tiles()) return &amx_kernels();
    if (bf16 && wanted("avx512-bf16")) return &avx512_bf16_kernels();
    if (cpu.avx512_vnni && wanted("avx512-vnni")) return &avx512_kernels();
    if (cpu.avx2 && wanted("avx2")) return &avx2_kernels();
    if (isa == "amx-model") return &amx_model_kernels();
#elif defined(__aarch64__)
    if (cpu.neon_i8mm && wanted("neon-i8mm")) return &neon_i8mm_kernels();
    if (cpu.neon_dotprod && wanted("neon-dotprod")) return &neon_kernels();
#endif
    return wanted("generic") ? &generic_kernels() : nullptr;
}

}  // namespace hearth::llm::cpu
