#include "llm/cpu/page_arena.h"

#include <algorithm>

namespace hearth::llm::cpu {
namespace {

constexpr std::size_t kMappingBytes = std::size_t{64} << 20;
constexpr std::size_t kLine = 64;

}  // namespace

PageSlice PageArena::take(std::size_t bytes) {
    if (current_ == nullptr || current_->size() - used_ < bytes) {
        current_ = std::make_shared<Buffer>(std::max(bytes, kMappingBytes));
        used_ = 0;
    }
    PageSlice slice{current_, current_->data() + used_, bytes};
    used_ = std::min(current_->size(), (used_ + bytes + kLine - 1) / kLine * kLine);
    return slice;
}

}  // namespace hearth::llm::cpu
