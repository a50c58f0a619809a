#include "llm/tensor_matrices.h"

namespace hearth::llm {

std::vector<MatrixView> matrices_of(const GgufTensor& tensor) {
    std::vector<MatrixView> out;
    if (tensor.dims.size() < 2 || tensor.dims.size() > 3) return out;
    const std::int64_t count = tensor.dims.size() == 3 ? tensor.dims[2] : 1;
    if (count < 1 || count > kMaxStack) return out;
    const std::size_t bytes = tensor.bytes.size() / static_cast<std::size_t>(count);
    for (std::int64_t i = 0; i < count; ++i) {
        out.push_back({tensor.type, tensor.dims[1], tensor.dims[0],
                       tensor.bytes.subspan(static_cast<std::size_t>(i) * bytes, bytes)});
    }
    return out;
}

MatrixView rows_of(const MatrixView& matrix, std::int64_t first, std::int64_t count) {
    const std::size_t row = matrix.bytes.size() / static_cast<std::size_t>(matrix.rows);
    return {matrix.type, count, matrix.cols,
            matrix.bytes.subspan(static_cast<std::size_t>(first) * row, static_cast<std::size_t>(count) * row)};
}

}  // namespace hearth::llm
