#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/check.h"
#include "llm/cpu/block_codec.h"
#include "llm/cpu/packed.h"

namespace hearth::llm::cpu {
namespace {

constexpr int kMaxLanes = 16;
constexpr std::size_t kPanelAlignment = 64;

/// Row-major 32 weights of `lanes` rows to the registers of one block; four bytes (one step of one row) at a time.
void interleave_block(PackedKind kind, const std::uint8_t (*quants)[32], int lanes, std::byte* out) {
    const int bits = bits_of(kind);
    std::uint32_t registers[kSteps][kMaxLanes] = {};
    for (int lane = 0; lane < lanes; ++lane) {
        for (int step = 0; step < kSteps; ++step) {
            std::uint32_t word;
            std::memcpy(&word, quants[lane] + 4 * step, sizeof word);
            if (bits == 8) {
                registers[step][lane] = word;
                continue;
            }
            registers[step % 4][lane] |= (word & 0x0f0f0f0fu) << (4 * (step / 4));
            const std::uint32_t high = (word >> 4) & 0x0f0f0f0fu;
            if (bits == 5) registers[4][lane] |= high << step;
            if (bits == 6) registers[4 + step / 4][lane] |= high << (2 * (step % 4));
        }
    }
    for (int r = 0; r < bits; ++r) {
        std::memcpy(out + r * lanes * 4, registers[r], static_cast<std::size_t>(lanes) * 4);
    }
}

/// Largest scale or minimum of a row in size, to find the power of two that suits float16.
float largest_scale(DType type, const std::byte* row, std::int64_t blocks) {
    float top = 0.0f;
    for (std::int64_t b = 0; b < blocks; ++b) {
        const BlockScales s = block_scales(type, row, b);
        top = std::max({top, std::fabs(s.scale[0]), std::fabs(s.scale[1]), std::fabs(s.minimum)});
    }
    return top;
}

/// The exponent that brings `top` to about 2^14, well inside float16 (65504) with room for rounding.
int scale_exponent(float top) {
    if (!(top > 0.0f) || !std::isfinite(top)) return 0;
    return std::clamp(13 - std::ilogb(top), -100, 100);
}

struct PackJob {
    const MatrixView& matrix;
    PackedKind kind;
    PanelLayout layout;
    int lanes;
    std::size_t row_bytes;
    float factor;

    const std::byte* row(std::int64_t r) const { return matrix.bytes.data() + static_cast<std::size_t>(r) * row_bytes; }
    void quantised_panel(std::int64_t first_row, std::byte* out) const;
    void float_panel(std::int64_t first_row, std::byte* out) const;
};

void PackJob::quantised_panel(std::int64_t first_row, std::byte* out) const {
    const int filled = static_cast<int>(std::min<std::int64_t>(lanes, matrix.rows - first_row));
    const int sets = scales_per_block(kind);
    std::uint8_t quants[kMaxLanes][32] = {};
    for (std::int64_t b = 0; b < layout.blocks; ++b, out += layout.block_bytes) {
        auto* halves = reinterpret_cast<std::uint16_t*>(out + quant_bytes(kind, lanes));
        for (int lane = 0; lane < filled; ++lane) {
            block_quants(matrix.type, row(first_row + lane), b, quants[lane]);
            const BlockScales s = block_scales(matrix.type, row(first_row + lane), b);
            for (int set = 0; set < sets; ++set) halves[set * lanes + lane] = float_to_half_bits(s.scale[set] * factor);
            if (has_min(kind)) halves[sets * lanes + lane] = float_to_half_bits(s.minimum * factor);
        }
        interleave_block(kind, quants, lanes, out);
    }
}

void PackJob::float_panel(std::int64_t first_row, std::byte* out) const {
    const std::size_t size = geometry(matrix.type).bytes;
    const int filled = static_cast<int>(std::min<std::int64_t>(lanes, matrix.rows - first_row));
    for (int lane = 0; lane < filled; ++lane) {
        const std::byte* source = row(first_row + lane);
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
    PackedKind kind{};
    if (!packed_kind(matrix.type, kind)) return 0;
    const std::int64_t panels = (matrix.rows + lanes - 1) / lanes;
    return static_cast<std::size_t>(panels) * panel_layout(kind, lanes, matrix.cols).panel_bytes;
}

Result<std::unique_ptr<Weight>> pack(const MatrixView& matrix, int lanes, ThreadPool& pool) {
    const DTypeGeometry g = geometry(matrix.type);
    PackedKind kind{};
    if (g.bytes == 0 || !packed_kind(matrix.type, kind)) {
        return Error(ErrorCode::kUnsupported, "the CPU backend cannot read tensors of type " + std::string(g.name));
    }
    HEARTH_CHECK(matrix.rows > 0 && matrix.cols > 0 && matrix.cols % g.block == 0);
    const std::size_t row_bytes = static_cast<std::size_t>(matrix.cols / g.block) * g.bytes;
    HEARTH_CHECK(matrix.bytes.size() / row_bytes >= static_cast<std::size_t>(matrix.rows));
    auto packed = std::make_unique<PackedMatrix>();
    packed->kind_ = kind;
    packed->rows_ = matrix.rows;
    packed->cols_ = matrix.cols;
    packed->panels_ = (matrix.rows + lanes - 1) / lanes;
    packed->layout_ = panel_layout(kind, lanes, matrix.cols);
    packed->data_ = Buffer(packed_bytes(matrix, lanes));
    PackJob job{matrix, kind, packed->layout_, lanes, row_bytes, 1.0f};
    if (!is_float(kind)) {
        std::vector<float> tops(static_cast<std::size_t>(packed->panels_), 0.0f);
        pool.parallel_for(packed->panels_, [&](std::int64_t p, int) {
            for (std::int64_t r = p * lanes; r < std::min((p + 1) * lanes, matrix.rows); ++r) {
                auto& top = tops[static_cast<std::size_t>(p)];
                top = std::max(top, largest_scale(matrix.type, job.row(r), job.layout.blocks));
            }
        });
        const int exponent = scale_exponent(*std::max_element(tops.begin(), tops.end()));
        job.factor = std::ldexp(1.0f, exponent);
        packed->output_scale_ = std::ldexp(1.0f, -exponent);
    }
    pool.parallel_for(packed->panels_, [&](std::int64_t p, int) {
        std::byte* out = packed->data_.data() + static_cast<std::size_t>(p) * job.layout.panel_bytes;
        if (is_float(kind))
            job.float_panel(p * lanes, out);
        else
            job.quantised_panel(p * lanes, out);
    });
    return std::unique_ptr<Weight>(std::move(packed));
}

}  // namespace hearth::llm::cpu
