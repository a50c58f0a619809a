// One row of a packed matrix as floats: what an embedding table that is also the head is read by.
#include <cstring>

#include "llm/cpu/packed.h"
#include "llm/half.h"

namespace hearth::llm::cpu {
namespace {

/// The byte of step `step`, column `i` of four, as it was before the registers were interleaved.
int stored_number(PackedKind kind, const std::uint8_t* block, int lanes, int lane, int step, int i) {
    const auto byte = [&](int reg) { return static_cast<int>(block[(reg * lanes + lane) * 4 + i]); };
    const int bits = bits_of(kind);
    if (bits == 8) return static_cast<std::int8_t>(byte(step));
    int out = (byte(step % 4) >> (4 * (step / 4))) & 15;
    if (bits == 5) out |= ((byte(4) >> step) & 1) << 4;
    if (bits == 6) out |= ((byte(4 + step / 4) >> (2 * (step % 4))) & 3) << 4;
    return out;
}

int centre_of(PackedKind kind) {
    switch (kind) {
        case PackedKind::kU4:
            return 8;
        case PackedKind::kU5:
        case PackedKind::kU5Min:
            return 16;
        case PackedKind::kU6:
            return 32;
        default:
            return 0;
    }
}

float half_of(const std::byte* halves, int index) {
    std::uint16_t bits;
    std::memcpy(&bits, halves + static_cast<std::size_t>(index) * sizeof bits, sizeof bits);
    return half_to_float(bits);
}

}  // namespace

void PackedMatrix::read_quantised(const std::byte* panel, int lane, float* out) const {
    const int sets = scales_per_block(kind_), centre = centre_of(kind_);
    for (std::int64_t b = 0; b < layout_.blocks; ++b, panel += layout_.block_bytes) {
        const std::byte* halves = panel + quant_bytes(kind_, lanes_);
        const float minimum = has_min(kind_) ? half_of(halves, sets * lanes_ + lane) : 0.0f;
        for (int step = 0; step < kSteps; ++step) {
            const float scale = half_of(halves, step * sets / kSteps * lanes_ + lane);
            for (int i = 0; i < 4; ++i) {
                const int number =
                    stored_number(kind_, reinterpret_cast<const std::uint8_t*>(panel), lanes_, lane, step, i);
                *out++ = (scale * static_cast<float>(number - centre) + minimum) * output_scale_;
            }
        }
    }
}

void PackedMatrix::read_floats(const std::byte* panel, int lane, float* out) const {
    for (std::int64_t k = 0; k < cols_; ++k) {
        const std::int64_t at = is_pairs(kind_) ? (k / 2 * lanes_ + lane) * 2 + k % 2 : k * lanes_ + lane;
        if (kind_ == PackedKind::kF32) {
            std::memcpy(out + k, panel + static_cast<std::size_t>(at) * sizeof(float), sizeof(float));
            continue;
        }
        std::uint16_t bits;
        std::memcpy(&bits, panel + static_cast<std::size_t>(at) * sizeof bits, sizeof bits);
        out[k] = kind_ == PackedKind::kF16 ? half_to_float(bits) : bfloat16_to_float(bits);
    }
}

void PackedMatrix::read_row(std::int64_t row, float* out) const {
    const auto lane = static_cast<int>(row % lanes_);
    if (is_float(kind_)) return read_floats(panel(row / lanes_), lane, out);
    read_quantised(panel(row / lanes_), lane, out);
}

}  // namespace hearth::llm::cpu
