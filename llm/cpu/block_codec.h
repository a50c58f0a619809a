// One 32-column piece of a GGUF row as whole numbers plus scale and minimum: what the packer needs of each file format.
#pragma once

#include <cstddef>
#include <cstdint>

#include "llm/cpu/packed.h"
#include "llm/dtype.h"

namespace hearth::llm::cpu {

/// scale[0] is that of columns 0-15 and scale[1] that of 16-31; equal except for 6-bit weights.
struct BlockScales {
    float scale[2] = {0.0f, 0.0f};
    float minimum = 0.0f;
};

/// How a quantised or float file type is packed. False for a type that is not supported.
bool packed_kind(DType type, PackedKind& kind) noexcept;

/// Scales of 32-column piece `index` of the row starting at `row`, in the packed convention (see PackedKind).
BlockScales block_scales(DType type, const std::byte* row, std::int64_t index) noexcept;

/// Its 32 weights as stored numbers: unsigned, or the two's complement bytes of Q8_0.
void block_quants(DType type, const std::byte* row, std::int64_t index, std::uint8_t* quants) noexcept;

float half_bits_to_float(std::uint16_t half) noexcept;
std::uint16_t float_to_half_bits(float value) noexcept;

}  // namespace hearth::llm::cpu
