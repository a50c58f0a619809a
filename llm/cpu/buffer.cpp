#include "llm/cpu/buffer.h"

#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace hearth::llm::cpu {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kPage = 64 << 10;  // the largest of those in use: what is unmapped begins at a page's border

}  // namespace

Buffer::Buffer(std::size_t bytes) {
    if (bytes == 0) return;
    const std::size_t room = bytes >= kHugePage ? bytes + kHugePage : bytes;
    void* mapped = ::mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(mapped);
    bytes_ = bytes;
    if (bytes >= kHugePage) align_to_huge_pages(room);
}

/// Trims the mapping of `room` bytes to bytes_ from the first border of a huge page on: only whole ones become huge.
void Buffer::align_to_huge_pages(std::size_t room) {
    const auto address = reinterpret_cast<std::uintptr_t>(data_);
    const std::size_t before = (kHugePage - address % kHugePage) % kHugePage;
    const std::size_t end = (before + bytes_ + kPage - 1) / kPage * kPage;
    if (before > 0) ::munmap(data_, before);
    if (end < room) ::munmap(data_ + end, room - end);
    data_ += before;
    // Advice only: without huge pages everything still works.
    ::madvise(data_, bytes_, MADV_HUGEPAGE);
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
