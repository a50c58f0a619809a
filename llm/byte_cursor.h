// A cursor over untrusted little-endian bytes: every read is checked against what is left, nothing is allocated first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/result.h"

namespace hearth::llm {

/// Views into the bytes it was given; valid as long as they are.
class ByteCursor {
  public:
    explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::size_t offset() const noexcept { return offset_; }
    std::size_t remaining() const noexcept { return bytes_.size() - offset_; }

    /// The next sizeof(T) bytes as a little-endian T; kDataLoss at the end of the file.
    template <typename T>
    Result<T> read() {
        static_assert(std::is_arithmetic_v<T>);
        if (remaining() < sizeof(T)) return truncated(sizeof(T));
        T value;
        std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
        offset_ += sizeof(T);
        return value;
    }

    /// The next `count` bytes.
    Result<std::string_view> take(std::uint64_t count) {
        if (count > remaining()) return truncated(count);
        const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + offset_,
                                    static_cast<std::size_t>(count));
        offset_ += static_cast<std::size_t>(count);
        return text;
    }

  private:
    Error truncated(std::uint64_t wanted) const {
        return Error(ErrorCode::kDataLoss, "the file ends at byte " + std::to_string(bytes_.size()) + ", but " +
                                               std::to_string(wanted) + " more bytes are announced at byte " +
                                               std::to_string(offset_));
    }

    std::span<const std::byte> bytes_;
    std::size_t offset_ = 0;
};

}  // namespace hearth::llm
