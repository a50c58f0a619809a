// The block formats of GGUF as scalar code. Source: ggml-quants.c (dequantize_row_*) and the gguf Python package.
#include <cstring>

#include "core/check.h"
#include "llm/half.h"
#include "llm/ops.h"

namespace hearth::llm {
namespace {

using Byte = std::uint8_t;

float read_half(const Byte* bytes) {
    std::uint16_t bits;
    std::memcpy(&bits, bytes, 2);
    return half_to_float(bits);
}

std::uint32_t read_u32(const Byte* bytes) {
    std::uint32_t value;
    std::memcpy(&value, bytes, 4);
    return value;
}

void q4_0(const Byte* block, float* out) {
    const float scale = read_half(block);
    for (int i = 0; i < 16; ++i) {
        out[i] = scale * static_cast<float>((block[2 + i] & 15) - 8);
        out[i + 16] = scale * static_cast<float>((block[2 + i] >> 4) - 8);
    }
}

void q4_1(const Byte* block, float* out) {
    const float scale = read_half(block);
    const float minimum = read_half(block + 2);
    for (int i = 0; i < 16; ++i) {
        out[i] = scale * static_cast<float>(block[4 + i] & 15) + minimum;
        out[i + 16] = scale * static_cast<float>(block[4 + i] >> 4) + minimum;
    }
}

void q5_0(const Byte* block, float* out) {
    const float scale = read_half(block);
    const std::uint32_t high = read_u32(block + 2);
    for (int i = 0; i < 16; ++i) {
        const int low_half = (block[6 + i] & 15) | static_cast<int>((high >> i & 1) << 4);
        const int high_half = (block[6 + i] >> 4) | static_cast<int>((high >> (i + 16) & 1) << 4);
        out[i] = scale * static_cast<float>(low_half - 16);
        out[i + 16] = scale * static_cast<float>(high_half - 16);
    }
}

void q5_1(const Byte* block, float* out) {
    const float scale = read_half(block);
    const float minimum = read_half(block + 2);
    const std::uint32_t high = read_u32(block + 4);
    for (int i = 0; i < 16; ++i) {
        const int low_half = (block[8 + i] & 15) | static_cast<int>((high >> i & 1) << 4);
        const int high_half = (block[8 + i] >> 4) | static_cast<int>((high >> (i + 16) & 1) << 4);
        out[i] = scale * static_cast<float>(low_half) + minimum;
        out[i + 16] = scale * static_cast<float>(high_half) + minimum;
    }
}

void q8_0(const Byte* block, float* out) {
    const float scale = read_half(block);
    for (int i = 0; i < 32; ++i) out[i] = scale * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
}

/// Scale and minimum of one of a K-block's eight groups of 32: 6 bits each, packed into 12 bytes.
struct GroupScale {
    int scale;
    int minimum;
};

GroupScale group_scale(const Byte* packed, int group) {
    if (group < 4) return {packed[group] & 63, packed[group + 4] & 63};
    return {(packed[group + 4] & 15) | (packed[group - 4] >> 6 << 4),
            (packed[group + 4] >> 4) | (packed[group] >> 6 << 4)};
}

void q4_k(const Byte* block, float* out) {
    const float scale = read_half(block);
    const float minimum = read_half(block + 2);
    const Byte* quants = block + 16;
    for (int group = 0; group < 8; ++group) {
        const GroupScale packed = group_scale(block + 4, group);
        const float group_scale_value = scale * static_cast<float>(packed.scale);
        const float offset = minimum * static_cast<float>(packed.minimum);
        const Byte* bytes = quants + group / 2 * 32;  // two groups share 32 bytes: low nibbles, then high ones
        for (int i = 0; i < 32; ++i) {
            const int quant = group % 2 == 0 ? bytes[i] & 15 : bytes[i] >> 4;
            out[group * 32 + i] = group_scale_value * static_cast<float>(quant) - offset;
        }
    }
}

void q5_k(const Byte* block, float* out) {
    const float scale = read_half(block);
    const float minimum = read_half(block + 2);
    const Byte* high = block + 16;
    const Byte* quants = block + 48;
    for (int group = 0; group < 8; ++group) {
        const GroupScale packed = group_scale(block + 4, group);
        const float group_scale_value = scale * static_cast<float>(packed.scale);
        const float offset = minimum * static_cast<float>(packed.minimum);
        const Byte* bytes = quants + group / 2 * 32;
        for (int i = 0; i < 32; ++i) {
            const int low = group % 2 == 0 ? bytes[i] & 15 : bytes[i] >> 4;
            const int quant = low | (high[i] >> group & 1) << 4;
            out[group * 32 + i] = group_scale_value * static_cast<float>(quant) - offset;
        }
    }
}

void q6_k(const Byte* block, float* out) {
    const Byte* low = block;
    const Byte* high = block + 128;
    const Byte* scales = block + 192;
    const float scale = read_half(block + 208);
    for (int i = 0; i < 256; ++i) {
        // Halves of 128 hold four rows of 32: rows 0, 1 are the low nibbles of 64 bytes, rows 2, 3 the high ones.
        const int half = i / 128;
        const int row = i % 128 / 32;
        const int column = i % 32;
        const int nibbles = low[half * 64 + row % 2 * 32 + column];
        const int low_bits = row < 2 ? nibbles & 15 : nibbles >> 4;
        const int high_bits = high[half * 32 + column] >> (2 * row) & 3;
        const float group_scale_value = scale * static_cast<float>(static_cast<std::int8_t>(scales[i / 16]));
        out[i] = group_scale_value * static_cast<float>((low_bits | high_bits << 4) - 32);
    }
}

void f16(const Byte* element, float* out) {
    *out = read_half(element);
}

void bf16(const Byte* element, float* out) {
    std::uint16_t bits;
    std::memcpy(&bits, element, 2);
    *out = bfloat16_to_float(bits);
}

void f32(const Byte* element, float* out) {
    std::memcpy(out, element, 4);
}

using BlockFunction = void (*)(const Byte*, float*);

BlockFunction block_function(DType type) {
    switch (type) {
        case DType::kF32:
            return f32;
        case DType::kF16:
            return f16;
        case DType::kBF16:
            return bf16;
        case DType::kQ4_0:
            return q4_0;
        case DType::kQ4_1:
            return q4_1;
        case DType::kQ5_0:
            return q5_0;
        case DType::kQ5_1:
            return q5_1;
        case DType::kQ8_0:
            return q8_0;
        case DType::kQ4_K:
            return q4_k;
        case DType::kQ5_K:
            return q5_k;
        case DType::kQ6_K:
            return q6_k;
    }
    return nullptr;
}

}  // namespace

void dequantize(DType type, const std::byte* blocks, std::int64_t count, float* out) {
    const BlockFunction function = block_function(type);
    HEARTH_CHECK(function != nullptr);
    const DTypeGeometry shape = geometry(type);
    HEARTH_CHECK(count % shape.block == 0);
    const auto* bytes = reinterpret_cast<const Byte*>(blocks);
    for (std::int64_t done = 0; done < count; done += shape.block) {
        function(bytes, out + done);
        bytes += shape.bytes;
    }
}

}  // namespace hearth::llm
