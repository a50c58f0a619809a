// Tensor element types of GGUF and safetensors that the engine reads, with their block geometry.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hearth::llm {

/// Values are GGUF's ggml_type numbers.
enum class DType : std::uint32_t {
    kF32 = 0,
    kF16 = 1,
    kQ4_0 = 2,
    kQ4_1 = 3,
    kQ5_0 = 6,
    kQ5_1 = 7,
    kQ8_0 = 8,
    kQ4_K = 12,
    kQ5_K = 13,
    kQ6_K = 14,
    kBF16 = 30,
};

/// `block` consecutive elements of a row are stored in `bytes` bytes.
struct DTypeGeometry {
    std::int64_t block;
    std::size_t bytes;
    const char* name;
};

/// Geometry of a supported type; `bytes` 0 for a number that is none of the enumerators.
constexpr DTypeGeometry geometry(DType type) noexcept {
    switch (type) {
        case DType::kF32:
            return {1, 4, "F32"};
        case DType::kF16:
            return {1, 2, "F16"};
        case DType::kBF16:
            return {1, 2, "BF16"};
        case DType::kQ4_0:
            return {32, 18, "Q4_0"};
        case DType::kQ4_1:
            return {32, 20, "Q4_1"};
        case DType::kQ5_0:
            return {32, 22, "Q5_0"};
        case DType::kQ5_1:
            return {32, 24, "Q5_1"};
        case DType::kQ8_0:
            return {32, 34, "Q8_0"};
        case DType::kQ4_K:
            return {256, 144, "Q4_K"};
        case DType::kQ5_K:
            return {256, 176, "Q5_K"};
        case DType::kQ6_K:
            return {256, 210, "Q6_K"};
    }
    return {1, 0, "unknown"};
}

}  // namespace hearth::llm
