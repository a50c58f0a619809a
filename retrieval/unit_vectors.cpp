#include "retrieval/unit_vectors.h"

#include <cmath>

namespace hearth::retrieval {
namespace {

constexpr double kTolerance = 1e-3;

}  // namespace

std::optional<std::size_t> first_not_of_unit_length(std::span<const float> vectors, std::size_t dimensions) {
    for (std::size_t row = 0; row < vectors.size() / dimensions; ++row) {
        double square = 0;
        for (const float value : vectors.subspan(row * dimensions, dimensions))
            square += static_cast<double>(value) * value;
        // Written so that a NaN fails.
        if (!(std::fabs(std::sqrt(square) - 1) < kTolerance)) return row;
    }
    return std::nullopt;
}

}  // namespace hearth::retrieval
