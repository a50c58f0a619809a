// Memory for a model's weights: slices of large mappings, so that whole huge pages hold them and not each matrix its
// own ragged end. A page costs the kernel a fault and a clearing; huge ones cost 512 times fewer faults, at load and in
// the TLB ever after.
#pragma once

#include <cstddef>
#include <memory>

#include "llm/cpu/buffer.h"

namespace hearth::llm::cpu {

/// Zero-filled, 64-byte aligned. Keeps its mapping alive.
struct PageSlice {
    std::shared_ptr<Buffer> mapping;
    std::byte* data = nullptr;
    std::size_t size = 0;
};

/// Used from one thread at a time. A mapping is given back when the arena and every slice of it are gone.
class PageArena {
  public:
    /// std::bad_alloc as Buffer.
    PageSlice take(std::size_t bytes);

  private:
    std::shared_ptr<Buffer> current_;
    std::size_t used_ = 0;
};

}  // namespace hearth::llm::cpu
