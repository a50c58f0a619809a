#include "llm/cpu/block_codec.h"

#include <cstring>

#include "llm/cpu/simd_generic.h"

namespace hearth::llm::cpu {
namespace {

constexpr std::int64_t kSuperBlock = 8;  // pieces of 32 in a K-quant block of 256

float half_at(const std::byte* p) noexcept {
    std::uint16_t bits;
    std::memcpy(&bits, p, sizeof bits);
    return half_to_float(bits);
}

const std::uint8_t* bytes_at(const std::byte* p) noexcept {
    return reinterpret_cast<const std::uint8_t*>(p);
}

/// 6-bit scale and minimum j of the 12 packed bytes of Q4_K and Q5_K.
void k_scale(const std::uint8_t* packed, int j, int& scale, int& minimum) noexcept {
    if (j < 4) {
        scale = packed[j] & 63;
        minimum = packed[j + 4] & 63;
    } else {
        scale = (packed[j + 4] & 15) | ((packed[j - 4] >> 6) << 4);
        minimum = (packed[j + 4] >> 4) | ((packed[j] >> 6) << 4);
    }
}

/// Nibbles 0-15 are the low halves, 16-31 the high halves of 16 bytes.
void nibbles(const std::uint8_t* packed, std::uint8_t* quants) noexcept {
    for (int i = 0; i < 16; ++i) {
        quants[i] = packed[i] & 15;
        quants[i + 16] = packed[i] >> 4;
    }
}

void add_fifth_bits(const std::byte* p, std::uint8_t* quants) noexcept {
    std::uint32_t bits;
    std::memcpy(&bits, p, sizeof bits);
    for (int i = 0; i < 32; ++i) quants[i] = static_cast<std::uint8_t>(quants[i] | (((bits >> i) & 1u) << 4));
}

/// Sub-block j of Q4_K / Q5_K: low or high nibbles of 32 bytes shared by two sub-blocks.
void k_nibbles(const std::uint8_t* packed, int j, std::uint8_t* quants) noexcept {
    const std::uint8_t* source = packed + 32 * (j / 2);
    const int shift = 4 * (j % 2);
    for (int i = 0; i < 32; ++i) quants[i] = (source[i] >> shift) & 15;
}

void q6_quants(const std::byte* block, int j, std::uint8_t* quants) noexcept {
    const int half = j / 4, quarter = j % 4;
    const std::uint8_t* low = bytes_at(block) + half * 64 + (quarter % 2) * 32;
    const std::uint8_t* high = bytes_at(block) + 128 + half * 32;
    const int low_shift = 4 * (quarter / 2), high_shift = 2 * quarter;
    for (int i = 0; i < 32; ++i) {
        quants[i] = static_cast<std::uint8_t>(((low[i] >> low_shift) & 15) | (((high[i] >> high_shift) & 3) << 4));
    }
}

const std::byte* block_start(DType type, const std::byte* row, std::int64_t index) noexcept {
    const DTypeGeometry g = geometry(type);
    return row + (index * 32 / g.block) * static_cast<std::int64_t>(g.bytes);
}

}  // namespace

float half_bits_to_float(std::uint16_t half) noexcept {
    return half_to_float(half);
}
std::uint16_t float_to_half_bits(float value) noexcept {
    return float_to_half(value);
}

bool packed_kind(DType type, PackedKind& kind) noexcept {
    switch (type) {
        case DType::kF32:
            kind = PackedKind::kF32;
            return true;
        case DType::kF16:
            kind = PackedKind::kF16;
            return true;
        case DType::kBF16:
            kind = PackedKind::kBF16;
            return true;
        case DType::kQ4_0:
            kind = PackedKind::kU4;
            return true;
        case DType::kQ4_1:
        case DType::kQ4_K:
            kind = PackedKind::kU4Min;
            return true;
        case DType::kQ5_0:
            kind = PackedKind::kU5;
            return true;
        case DType::kQ5_1:
        case DType::kQ5_K:
            kind = PackedKind::kU5Min;
            return true;
        case DType::kQ6_K:
            kind = PackedKind::kU6;
            return true;
        case DType::kQ8_0:
            kind = PackedKind::kS8;
            return true;
    }
    return false;
}

BlockScales block_scales(DType type, const std::byte* row, std::int64_t index) noexcept {
    const std::byte* block = block_start(type, row, index);
    const int j = static_cast<int>(index % kSuperBlock);
    BlockScales out;
    switch (type) {
        case DType::kQ4_0:
        case DType::kQ5_0:
        case DType::kQ8_0:
            out.scale[0] = half_at(block);
            break;
        case DType::kQ4_1:
            out.scale[0] = half_at(block);
            out.minimum = half_at(block + 2);
            break;
        case DType::kQ5_1:
            out.scale[0] = half_at(block);
            out.minimum = half_at(block + 2) + 16.0f * out.scale[0];
            break;
        case DType::kQ4_K:
        case DType::kQ5_K: {
            int scale = 0, minimum = 0;
            k_scale(bytes_at(block + 4), j, scale, minimum);
            out.scale[0] = half_at(block) * static_cast<float>(scale);
            out.minimum = -half_at(block + 2) * static_cast<float>(minimum);
            if (type == DType::kQ5_K) out.minimum += 16.0f * out.scale[0];
            break;
        }
        case DType::kQ6_K: {
            const auto* scales = reinterpret_cast<const std::int8_t*>(block + 192);
            const float d = half_at(block + 208);
            out.scale[0] = d * static_cast<float>(scales[2 * j]);
            out.scale[1] = d * static_cast<float>(scales[2 * j + 1]);
            return out;
        }
        default:
            break;
    }
    out.scale[1] = out.scale[0];
    return out;
}

void block_quants(DType type, const std::byte* row, std::int64_t index, std::uint8_t* quants) noexcept {
    const std::byte* block = block_start(type, row, index);
    const int j = static_cast<int>(index % kSuperBlock);
    switch (type) {
        case DType::kQ4_0:
            nibbles(bytes_at(block + 2), quants);
            break;
        case DType::kQ4_1:
            nibbles(bytes_at(block + 4), quants);
            break;
        case DType::kQ5_0:
            nibbles(bytes_at(block + 6), quants);
            add_fifth_bits(block + 2, quants);
            break;
        case DType::kQ5_1:
            nibbles(bytes_at(block + 8), quants);
            add_fifth_bits(block + 4, quants);
            break;
        case DType::kQ8_0:
            std::memcpy(quants, block + 2, 32);
            break;
        case DType::kQ4_K:
            k_nibbles(bytes_at(block + 16), j, quants);
            break;
        case DType::kQ5_K: {
            k_nibbles(bytes_at(block + 48), j, quants);
            const std::uint8_t* fifth = bytes_at(block + 16);
            for (int i = 0; i < 32; ++i)
                quants[i] = static_cast<std::uint8_t>(quants[i] | (((fifth[i] >> j) & 1) << 4));
            break;
        }
        case DType::kQ6_K:
            q6_quants(block, j, quants);
            break;
        default:
            break;
    }
}

}  // namespace hearth::llm::cpu
