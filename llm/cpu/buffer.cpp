#include "llm/cpu/buffer.h"

#include <new>

#include <sys/mman.h>

namespace hearth::llm::cpu {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

Buffer::Buffer(std::size_t bytes) {
    if (bytes == 0) return;
    void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(mapped);
    bytes_ = bytes;
    // Advice only: without huge pages everything still works.
    if (bytes >= kHugePage) ::madvise(mapped, bytes, MADV_HUGEPAGE);
}

Buffer::~Buffer() {
    if (data_ != nullptr) ::munmap(data_, bytes_);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

void Buffer::reserve(std::size_t bytes) {
    if (bytes <= bytes_) return;
    *this = Buffer();
    *this = Buffer(bytes + bytes / 4);
}

}  // namespace hearth::llm::cpu
