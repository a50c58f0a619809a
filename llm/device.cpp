#include "llm/device.h"

namespace hearth::llm {

Result<std::unique_ptr<Ops>> open_device(const DeviceOptions& options) {
    switch (options.kind) {
        case DeviceKind::kReference:
            return make_reference_ops();
        case DeviceKind::kCpu:
            return make_cpu_ops(options.threads, options.cpu_isa);
        case DeviceKind::kCuda:
            return Error(ErrorCode::kUnsupported, "this build has no CUDA backend (" HEARTH_CUDA_STATE
                                                  "): choose the device 'cpu' in the configuration");
    }
    return Error(ErrorCode::kInternal, "unknown device kind");
}

}  // namespace hearth::llm
