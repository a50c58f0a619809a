#include "core/cpu.h"

#include <sched.h>
#include <sys/auxv.h>

#include <fstream>
#include <sstream>

namespace hearth {
namespace {

std::string model_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) == 0) {
            const auto colon = line.find(": ");
            if (colon != std::string::npos) return line.substr(colon + 2);
        }
    }
    return "unknown";
}

#if defined(__aarch64__)
/// Not from /proc/cpuinfo, which under an emulator is another machine's.
void detect(CpuFeatures& found) {
    found.neon_dotprod = (::getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
    found.neon_i8mm = found.neon_dotprod && (::getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
}
#else
/// The kernel lists a flag only when it also saves the registers, so /proc/cpuinfo is safer than CPUID here.
void detect(CpuFeatures& found) {
    std::ifstream info("/proc/cpuinfo");
    std::string flags;
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("flags", 0) == 0) {
            flags = " " + line.substr(line.find(':') + 1) + " ";
            break;
        }
    }
    const auto has = [&](const char* flag) { return flags.find(" " + std::string(flag) + " ") != std::string::npos; };
    found.avx2 = has("avx2") && has("fma") && has("f16c");
    found.avx512 = has("avx512f") && has("avx512bw") && has("avx512vl") && has("avx512dq");
    found.avx512_vnni = found.avx512 && has("avx512_vnni");
    found.avx512_bf16 = found.avx512 && has("avx512_bf16");
    found.amx_int8 = has("amx_tile") && has("amx_int8");
    found.amx_bf16 = has("amx_tile") && has("amx_bf16");
}
#endif

}  // namespace

const CpuFeatures& cpu_features() {
    static const CpuFeatures features = [] {
        CpuFeatures found;
        found.name = model_name();
        detect(found);
        return found;
    }();
    return features;
}

std::vector<int> usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cpus;
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
        }
    }
    if (cpus.empty()) cpus.push_back(0);
    return cpus;
}

}  // namespace hearth
