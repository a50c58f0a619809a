// Float weights rounded to a quantised file format, for models whose results allow it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "llm/dtype.h"

namespace hearth::llm {

/// `count` elements of a float type (a multiple of 32) as Q8_0 blocks: scale = max|x| / 127 rounded to float16, then
/// the nearest whole number. Each element is off by at most half a scale and what rounding the scale adds
/// (127 * 2^-11 of a scale).
std::vector<std::byte> quantize_q8_0(DType type, const std::byte* elements, std::int64_t count);

/// As BF16, each element rounded to nearest even: off by at most 2^-8 of itself.
std::vector<std::byte> round_to_bfloat16(DType type, const std::byte* elements, std::int64_t count);

}  // namespace hearth::llm
