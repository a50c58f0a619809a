// Vectors enter the record and the index only as directions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace hearth::retrieval {

/// The first row of `vectors` [rows, dimensions] whose length is not 1 (NaN and infinity included); nothing when all
/// are. Float32 rounding of a 384- to 4096-dimension norm is far below the tolerance of 1e-3; a vector that was never
/// normalised is not.
std::optional<std::size_t> first_not_of_unit_length(std::span<const float> vectors, std::size_t dimensions);

}  // namespace hearth::retrieval
