// What the processor can do and which cores this process may use. Read once, then immutable.
#pragma once

#include <string>
#include <vector>

namespace hearth {

/// Instruction sets usable now: the CPU has them and the kernel saves their registers.
struct CpuFeatures {
    bool avx2 = false;    ///< with FMA and F16C
    bool avx512 = false;  ///< F, BW, VL, DQ
    bool avx512_vnni = false;
    bool avx512_bf16 = false;
    bool amx_int8 = false;  ///< reported only; permission is requested by the kernels that use it
    bool amx_bf16 = false;
    bool neon_dotprod = false;
    bool neon_i8mm = false;  ///< with neon_dotprod
    std::string name;        ///< "AMD EPYC 7763 64-Core Processor"
};

const CpuFeatures& cpu_features();

/// Logical CPUs in this process's affinity mask, ascending. Respects cgroup cpusets, not quotas.
std::vector<int> usable_cpus();

}  // namespace hearth
