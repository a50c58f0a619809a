// Fills a KernelTable from one SIMD wrapper. Included only by the kernels_*.cpp files.
#pragma once

#include "llm/cpu/attention_kernels.h"
#include "llm/cpu/kernels.h"
#include "llm/cpu/math_kernels.h"
#include "llm/cpu/matmul_kernels.h"
#include "llm/cpu/pack_kernels.h"

namespace hearth::llm::cpu {
namespace {

template <class S>
constexpr KernelTable make_table(const TileKernels* tiles = nullptr) {
    return {S::kName,         S::kLanes,     read_bytes<S>, pack_panel<S>, quantise_group<S>, interleave_floats,
            interleave_pairs, matmul<S>,     rms_norm<S>,   layer_norm<S>, rope<S>,           store_kv<S>,
            attend<S>,        fold<S>,       scale_rows<S>, glu<S>,        soft_cap<S>,       add<S>,
            multiply<S>,      add_scaled<S>, tiles};
}

}  // namespace
}  // namespace hearth::llm::cpu
