#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/check.h"
#include "llm/cpu/kernels.h"
#include "llm/cpu/packed.h"
#include "llm/half.h"

namespace hearth::llm::cpu {
namespace {

constexpr std::size_t kPanelAlignment = 64;

/// A row of a file's blocks, seen only by the float16 numbers that scale them.
class BlockHalves {
  public:
    explicit BlockHalves(DType type) : type_(type), shape_(geometry(type)) {}

    /// No scale or minimum of the row is larger in size (packed convention). The K-quants' own 6 or 8 bits a scale are
    /// taken at their largest: a bound serves to choose an exponent, and is read without decoding anything.
    float bound(const std::byte* row, std::int64_t cols) const {
        float scale = 0.0f, minimum = 0.0f;
        for (std::int64_t b = 0; b < cols / shape_.block; ++b, row += shape_.bytes) {
            scale = std::max(scale, std::fabs(half_at(row + scale_at())));
            if (has_minimum()) minimum = std::max(minimum, std::fabs(half_at(row + 2)));
        }
        const float top = factor() * scale;
        const bool centred_minimum = type_ == DType::kQ5_1 || type_ == DType::kQ5_K;
        return std::max(top, centred_minimum ? factor() * minimum + 16.0f * top : factor() * minimum);
    }

  private:
    static float half_at(const std::byte* p) {
        std::uint16_t bits;
        std::memcpy(&bits, p, sizeof bits);
        return half_to_float(bits);
    }
    std::size_t scale_at() const { return type_ == DType::kQ6_K ? 208 : 0; }
    bool has_minimum() const { return has_min(*packed_kind(type_)); }
    float factor() const {
        if (type_ == DType::kQ4_K || type_ == DType::kQ5_K) return 63.0f;
        return type_ == DType::kQ6_K ? 128.0f : 1.0f;
    }

    DType type_;
    DTypeGeometry shape_;
};

/// The exponent that brings `top` to about 2^14, well inside float16 (65504) with room for rounding.
int scale_exponent(float top) {
    if (!(top > 0.0f) || !std::isfinite(top)) return 0;
    return std::clamp(13 - std::ilogb(top), -100, 100);
}

int exponent_for(const MatrixView& matrix, std::size_t row_bytes, ThreadPool& pool) {
    const BlockHalves halves(matrix.type);
    std::vector<float> tops(static_cast<std::size_t>(matrix.rows));
    pool.parallel_for(matrix.rows, [&](std::int64_t r, int) {
        const auto row = static_cast<std::size_t>(r);
        tops[row] = halves.bound(matrix.bytes.data() + row * row_bytes, matrix.cols);
    });
    return scale_exponent(*std::max_element(tops.begin(), tops.end()));
}

void pack_floats(const MatrixView& matrix, PackedKind kind, int lanes, std::int64_t first_row, std::byte* out) {
    const std::size_t size = geometry(matrix.type).bytes;
    const std::int64_t filled = std::min<std::int64_t>(lanes, matrix.rows - first_row);
    for (std::int64_t lane = 0; lane < filled; ++lane) {
        const std::byte* source =
            matrix.bytes.data() + static_cast<std::size_t>((first_row + lane) * matrix.cols) * size;
        for (std::int64_t k = 0; k < matrix.cols; ++k) {
            const std::int64_t at = is_pairs(kind) ? (k / 2 * lanes + lane) * 2 + k % 2 : k * lanes + lane;
            std::memcpy(out + static_cast<std::size_t>(at) * size, source + static_cast<std::size_t>(k) * size, size);
        }
    }
}

}  // namespace

PanelLayout panel_layout(PackedKind kind, int lanes, std::int64_t cols) {
    PanelLayout out;
    const auto width = static_cast<std::size_t>(lanes);
    std::size_t end = 0;
    if (is_float(kind)) {
        const std::int64_t stored = is_pairs(kind) ? (cols + 1) / 2 * 2 : cols;
        end = static_cast<std::size_t>(stored) * width * static_cast<std::size_t>(bits_of(kind)) / 8;
    } else {
        out.blocks = cols / kBlockColumns;
        const int sets = scales_per_block(kind) + (has_min(kind) ? 1 : 0);
        out.block_bytes = quant_bytes(kind, lanes) + static_cast<std::size_t>(sets) * width * sizeof(std::uint16_t);
        end = static_cast<std::size_t>(out.blocks) * out.block_bytes;
    }
    out.panel_bytes = (end + kPanelAlignment - 1) / kPanelAlignment * kPanelAlignment;
    return out;
}

std::size_t packed_bytes(const MatrixView& matrix, int lanes) {
    const auto kind = packed_kind(matrix.type);
    if (!kind) return 0;
    const std::int64_t panels = (matrix.rows + lanes - 1) / lanes;
    return static_cast<std::size_t>(panels) * panel_layout(*kind, lanes, matrix.cols).panel_bytes;
}

Result<std::unique_ptr<Weight>> pack(const MatrixView& matrix, const KernelTable& kernels, PageArena& arena,
                                     ThreadPool& pool) {
    const DTypeGeometry g = geometry(matrix.type);
    const auto kind = packed_kind(matrix.type);
    if (!kind) {
        return Error(ErrorCode::kUnsupported, "the CPU backend cannot read tensors of type " + std::string(g.name));
    }
    HEARTH_CHECK(matrix.rows > 0 && matrix.cols > 0 && matrix.cols % g.block == 0);
    const std::size_t row_bytes = static_cast<std::size_t>(matrix.cols / g.block) * g.bytes;
    HEARTH_CHECK(matrix.bytes.size() / row_bytes >= static_cast<std::size_t>(matrix.rows));
    auto packed = std::make_unique<PackedMatrix>();
    packed->kind_ = *kind;
    packed->rows_ = matrix.rows;
    packed->cols_ = matrix.cols;
    packed->lanes_ = kernels.lanes;
    packed->layout_ = panel_layout(*kind, kernels.lanes, matrix.cols);
    packed->data_ = arena.take(packed_bytes(matrix, kernels.lanes));
    const int exponent = is_float(*kind) ? 0 : exponent_for(matrix, row_bytes, pool);
    packed->output_scale_ = std::ldexp(1.0f, -exponent);
    pool.parallel_for(packed->panels(), [&](std::int64_t p, int) {
        std::byte* out = packed->data_.data + static_cast<std::size_t>(p) * packed->layout_.panel_bytes;
        const std::int64_t first = p * kernels.lanes;
        if (is_float(*kind)) return pack_floats(matrix, *kind, kernels.lanes, first, out);
        const auto rows = static_cast<int>(std::min<std::int64_t>(kernels.lanes, matrix.rows - first));
        kernels.pack_panel(matrix.type,
                           {matrix.bytes.data() + static_cast<std::size_t>(first) * row_bytes, row_bytes, rows,
                            packed->layout_.blocks, std::ldexp(1.0f, exponent)},
                           out);
    });
    return std::unique_ptr<Weight>(std::move(packed));
}

}  // namespace hearth::llm::cpu
