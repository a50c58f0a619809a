// The packed weight layout shared by load (pack.cpp) and the matmul kernels.
//
// Rows are grouped into panels of `lanes` rows (the SIMD width in floats); a panel is contiguous, so that a decode step
// reads memory in one forward stream, at the file's own bits per quant (K-quants gain about half a bit: their 6-bit
// scales become float16). A quantised panel is a row of blocks of 32 columns: quants, then float16 scales [lanes] (two
// sets with 6 bits), then float16 minima [lanes] where the kind has them. One step is 4 columns of every row of the
// panel (lanes * 4 bytes: one SIMD register); the quants are 8 steps:
//   low nibbles   4 registers; register j holds step j in bits 0-3 and step j + 4 in bits 4-7
//   fifth bit     1 register; bit s of a byte belongs to step s
//   bits 5 and 6  2 registers; bits 2 * (s % 4) of register s / 4 belong to step s
//   8 bits        8 registers, signed
// F32 and F16 panels are [column][lane], BF16 panels [column pair][lane][2] (what one bfloat16 dot instruction reads).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/result.h"
#include "llm/cpu/page_arena.h"
#include "llm/cpu/thread_pool.h"
#include "llm/ops.h"

namespace hearth::llm::cpu {

struct KernelTable;

/// weight = scale * (q - centre) [+ minimum], centre 8, 16 and 32 for 4, 5 and 6 bits (0 with kU4Min and kS8).
enum class PackedKind : std::uint8_t { kU4, kU4Min, kU5, kU5Min, kU6, kS8, kF32, kF16, kBF16 };

inline constexpr std::int64_t kBlockColumns = 32;
inline constexpr int kSteps = 8;

/// The size of a panel and of its blocks, in bytes.
struct PanelLayout {
    std::int64_t blocks = 0;  ///< cols / 32; 0 for float kinds
    std::size_t block_bytes = 0;
    std::size_t panel_bytes = 0;  ///< a multiple of 64
};

constexpr bool is_float(PackedKind kind) noexcept {
    return kind >= PackedKind::kF32;
}
/// Read against activations rounded to bfloat16, two columns at a time.
constexpr bool is_pairs(PackedKind kind) noexcept {
    return kind == PackedKind::kBF16;
}
constexpr bool has_min(PackedKind kind) noexcept {
    return kind == PackedKind::kU4Min || kind == PackedKind::kU5Min;
}
/// Scales of one row in a block: 6-bit weights have one per 16 columns.
constexpr int scales_per_block(PackedKind kind) noexcept {
    return kind == PackedKind::kU6 ? 2 : 1;
}

constexpr int bits_of(PackedKind kind) noexcept {
    switch (kind) {
        case PackedKind::kU4:
        case PackedKind::kU4Min:
            return 4;
        case PackedKind::kU5:
        case PackedKind::kU5Min:
            return 5;
        case PackedKind::kU6:
            return 6;
        case PackedKind::kS8:
            return 8;
        case PackedKind::kF16:
        case PackedKind::kBF16:
            return 16;
        case PackedKind::kF32:
            return 32;
    }
    return 0;
}

/// Bytes of the quants at the head of a block.
constexpr std::size_t quant_bytes(PackedKind kind, int lanes) noexcept {
    return static_cast<std::size_t>(bits_of(kind) * 4 * lanes);
}

/// How a file type is packed; nothing for a type that is not supported.
constexpr std::optional<PackedKind> packed_kind(DType type) noexcept {
    switch (type) {
        case DType::kF32:
            return PackedKind::kF32;
        case DType::kF16:
            return PackedKind::kF16;
        case DType::kBF16:
            return PackedKind::kBF16;
        case DType::kQ4_0:
            return PackedKind::kU4;
        case DType::kQ4_1:
        case DType::kQ4_K:
            return PackedKind::kU4Min;
        case DType::kQ5_0:
            return PackedKind::kU5;
        case DType::kQ5_1:
        case DType::kQ5_K:
            return PackedKind::kU5Min;
        case DType::kQ6_K:
            return PackedKind::kU6;
        case DType::kQ8_0:
            return PackedKind::kS8;
    }
    return std::nullopt;
}

PanelLayout panel_layout(PackedKind kind, int lanes, std::int64_t cols);

/// What this backend prepares: rows of it can be read back.
class CpuWeight : public Weight {
  public:
    virtual void read_row(std::int64_t row, float* out) const = 0;
};

class PackedMatrix final : public CpuWeight {
  public:
    std::int64_t rows() const override { return rows_; }
    std::int64_t cols() const override { return cols_; }
    std::size_t owned_bytes() const override { return data_.size; }
    std::span<const std::byte> bytes() const override { return {data_.data, data_.size}; }
    void read_row(std::int64_t row, float* out) const override;

    PackedKind kind() const { return kind_; }
    std::int64_t panels() const { return (rows_ + lanes_ - 1) / lanes_; }
    const PanelLayout& layout() const { return layout_; }
    const std::byte* panel(std::int64_t index) const {
        return data_.data + static_cast<std::size_t>(index) * layout_.panel_bytes;
    }
    /// Scales and minima are stored times a power of two that brings them into float16's range; this undoes it.
    float output_scale() const { return output_scale_; }

  private:
    friend Result<std::unique_ptr<Weight>> pack(const MatrixView&, const KernelTable&, PageArena&, ThreadPool&);
    void read_quantised(const std::byte* panel, int lane, float* out) const;
    void read_floats(const std::byte* panel, int lane, float* out) const;

    PackedKind kind_ = PackedKind::kF32;
    std::int64_t rows_ = 0;
    std::int64_t cols_ = 0;
    int lanes_ = 1;
    PanelLayout layout_;
    float output_scale_ = 1.0f;
    PageSlice data_;
};

/// What pack() allocates; 0 for a type it refuses.
std::size_t packed_bytes(const MatrixView& matrix, int lanes);

/// Copies a matrix into panels of kernels.lanes rows, in parallel. Errors: kUnsupported type.
Result<std::unique_ptr<Weight>> pack(const MatrixView& matrix, const KernelTable& kernels, PageArena& arena,
                                     ThreadPool& pool);

}  // namespace hearth::llm::cpu
