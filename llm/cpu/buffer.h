// Page-backed memory for packed weights and scratch: 64-byte aligned, huge pages asked for, given back at once.
#pragma once

#include <cstddef>
#include <utility>

namespace hearth::llm::cpu {

/// Owns one anonymous mapping. Zero-filled. Move-only.
class Buffer {
  public:
    Buffer() = default;
    /// std::bad_alloc when the system has none left: what opens a model or runs a request turns it into an Error.
    explicit Buffer(std::size_t bytes);
    ~Buffer();
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept;
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    std::byte* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return bytes_; }

    /// Makes room for at least `bytes`; contents are lost when it grows.
    void reserve(std::size_t bytes);

  private:
    void align_to_huge_pages(std::size_t room);

    std::byte* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace hearth::llm::cpu
