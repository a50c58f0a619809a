// One 32-column piece of a GGUF row as whole numbers plus scale and minimum: what the packer needs of each file format.
// Included only by the kernels_*.cpp files, hence the internal linkage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "llm/dtype.h"
#include "llm/half.h"

namespace hearth::llm::cpu {
namespace {

/// scale[0] is that of columns 0-15 and scale[1] that of 16-31; equal except for 6-bit weights. In the packed
/// convention: see PackedKind.
struct BlockScales {
    float scale[2] = {0.0f, 0.0f};
    float minimum = 0.0f;
};

inline float half_at(const std::uint8_t* p) {
    std::uint16_t bits;
    std::memcpy(&bits, p, sizeof bits);
    return half_to_float(bits);
}

/// 6-bit scale and minimum j of the 12 packed bytes of Q4_K and Q5_K.
inline void k_scale(const std::uint8_t* packed, int j, int& scale, int& minimum) {
    if (j < 4) {
        scale = packed[j] & 63;
        minimum = packed[j + 4] & 63;
    } else {
        scale = (packed[j + 4] & 15) | ((packed[j - 4] >> 6) << 4);
        minimum = (packed[j + 4] >> 4) | ((packed[j] >> 6) << 4);
    }
}

/// Nibbles 0-15 are the low halves, 16-31 the high halves of 16 bytes.
inline void nibbles(const std::uint8_t* packed, std::uint8_t* quants) {
    for (int i = 0; i < 16; ++i) {
        quants[i] = packed[i] & 15;
        quants[i + 16] = packed[i] >> 4;
    }
}

inline void add_fifth_bits(const std::uint8_t* p, std::uint8_t* quants) {
    std::uint32_t bits;
    std::memcpy(&bits, p, sizeof bits);
    for (int i = 0; i < 32; ++i) quants[i] = static_cast<std::uint8_t>(quants[i] | (((bits >> i) & 1u) << 4));
}

/// Sub-block j of Q4_K / Q5_K: low or high nibbles of 32 bytes shared by two sub-blocks.
inline void k_nibbles(const std::uint8_t* packed, int j, std::uint8_t* quants) {
    const std::uint8_t* source = packed + 32 * (j / 2);
    const int shift = 4 * (j % 2);
    for (int i = 0; i < 32; ++i) quants[i] = (source[i] >> shift) & 15;
}

inline void q6_quants(const std::uint8_t* block, int j, std::uint8_t* quants) {
    const int half = j / 4, quarter = j % 4;
    const std::uint8_t* low = block + half * 64 + (quarter % 2) * 32;
    const std::uint8_t* high = block + 128 + half * 32;
    const int low_shift = 4 * (quarter / 2), high_shift = 2 * quarter;
    for (int i = 0; i < 32; ++i) {
        quants[i] = static_cast<std::uint8_t>(((low[i] >> low_shift) & 15) | (((high[i] >> high_shift) & 3) << 4));
    }
}

/// The block of the file's that holds columns 32 * index and on.
template <DType kType>
inline const std::uint8_t* block_of(const std::byte* row, std::int64_t index) {
    constexpr DTypeGeometry kShape = geometry(kType);
    return reinterpret_cast<const std::uint8_t*>(row) + index * 32 / kShape.block * std::int64_t{kShape.bytes};
}

/// Which 32 columns of its block: K-quants have 256.
template <DType kType>
inline int piece_of(std::int64_t index) {
    return static_cast<int>(index % (geometry(kType).block / 32));
}

/// Scales of 32-column piece `index` of the row.
template <DType kType>
inline BlockScales block_scales(const std::byte* row, std::int64_t index) {
    const std::uint8_t* block = block_of<kType>(row, index);
    BlockScales out;
    if constexpr (kType == DType::kQ6_K) {
        const float d = half_at(block + 208);
        for (int half = 0; half < 2; ++half) {
            const auto scale = static_cast<std::int8_t>(block[192 + 2 * piece_of<kType>(index) + half]);
            out.scale[half] = d * static_cast<float>(scale);
        }
        return out;
    }
    out.scale[0] = half_at(block);
    if constexpr (kType == DType::kQ4_1) {
        out.minimum = half_at(block + 2);
    } else if constexpr (kType == DType::kQ5_1) {
        out.minimum = half_at(block + 2) + 16.0f * out.scale[0];
    } else if constexpr (kType == DType::kQ4_K || kType == DType::kQ5_K) {
        int scale = 0, minimum = 0;
        k_scale(block + 4, piece_of<kType>(index), scale, minimum);
        out.scale[0] *= static_cast<float>(scale);
        out.minimum = -half_at(block + 2) * static_cast<float>(minimum);
        if (kType == DType::kQ5_K) out.minimum += 16.0f * out.scale[0];
    }
    out.scale[1] = out.scale[0];
    return out;
}

/// Its 32 weights as stored numbers: unsigned, or the two's complement bytes of Q8_0.
template <DType kType>
inline void block_quants(const std::byte* row, std::int64_t index, std::uint8_t* quants) {
    const std::uint8_t* block = block_of<kType>(row, index);
    if constexpr (kType == DType::kQ4_0) {
        nibbles(block + 2, quants);
    } else if constexpr (kType == DType::kQ4_1) {
        nibbles(block + 4, quants);
    } else if constexpr (kType == DType::kQ5_0) {
        nibbles(block + 6, quants);
        add_fifth_bits(block + 2, quants);
    } else if constexpr (kType == DType::kQ5_1) {
        nibbles(block + 8, quants);
        add_fifth_bits(block + 4, quants);
    } else if constexpr (kType == DType::kQ8_0) {
        std::memcpy(quants, block + 2, 32);
    } else if constexpr (kType == DType::kQ4_K) {
        k_nibbles(block + 16, piece_of<kType>(index), quants);
    } else if constexpr (kType == DType::kQ5_K) {
        const int j = piece_of<kType>(index);
        k_nibbles(block + 48, j, quants);
        for (int i = 0; i < 32; ++i)
            quants[i] = static_cast<std::uint8_t>(quants[i] | (((block[16 + i] >> j) & 1) << 4));
    } else {
        static_assert(kType == DType::kQ6_K);
        q6_quants(block, piece_of<kType>(index), quants);
    }
}

}  // namespace
}  // namespace hearth::llm::cpu
