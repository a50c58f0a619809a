// Copies do not crowd a result: what says the same as a better candidate of another document goes behind the rest.
#pragma once

#include <cstddef>
#include <vector>

#include "retrieval/fusion.h"
#include "retrieval/vector_index.h"

namespace hearth::retrieval {

/// From this cosine on two passages are copies: the same text with another header, an older version of a file.
inline constexpr float kCopyCosine = 0.98f;

/// `fused` with copies behind everything else, both parts in their order. Passages of one document are never copies of
/// each other, nor is one without a vector. Only the candidates up to the `k`-th that stays are compared.
std::vector<Fused> copies_last(const std::vector<Fused>& fused, const VectorIndex& index, std::size_t k);

}  // namespace hearth::retrieval
