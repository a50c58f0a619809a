// Where ops can run. This build computes on the CPU; a CUDA backend implements llm/ops.h and is chosen here.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "llm/ops.h"

namespace hearth::llm {

enum class DeviceKind { kReference, kCpu, kCuda };

struct DeviceOptions {
    DeviceKind kind = DeviceKind::kCpu;
    int threads = 0;      ///< CPU: 0 = every usable core
    std::string cpu_isa;  ///< CPU: as make_cpu_ops() names them; empty = the best this machine has
};

/// kUnsupported, naming the build option or the missing CPU feature, when the device cannot be had.
Result<std::unique_ptr<Ops>> open_device(const DeviceOptions& options);

}  // namespace hearth::llm
