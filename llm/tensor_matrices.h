// The matrices that a tensor of a file holds.
#pragma once

#include <vector>

#include "llm/gguf.h"
#include "llm/ops.h"

namespace hearth::llm {

/// One matrix of a tensor with two dimensions, each of a stack with three (the experts of a layer, outermost); none of
/// a vector, or of more than kMaxStack. They point into the tensor's bytes.
inline constexpr std::int64_t kMaxStack = 4096;
std::vector<MatrixView> matrices_of(const GgufTensor& tensor);

/// `count` rows of a matrix from `first` on, which it has.
MatrixView rows_of(const MatrixView& matrix, std::int64_t first, std::int64_t count);

}  // namespace hearth::llm
