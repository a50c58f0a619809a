// Matrix products over packed panels, written once over the SIMD wrapper S. Included only by the kernels_*.cpp files;
// internal linkage because each of them is compiled for another instruction set.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "llm/cpu/math_kernels.h"
#include "llm/half.h"

namespace hearth::llm::cpu {
namespace {

#define HEARTH_INLINE __attribute__((always_inline)) inline
#define HEARTH_INLINE_LAMBDA __attribute__((always_inline))

/// How one packed kind becomes one byte a weight: step<j> of the block at `p`.
template <class S, PackedKind kKind>
struct Unpack {
    static constexpr int kRegister = S::kLanes * 4;
    static constexpr bool kSigned = kKind == PackedKind::kS8;
    static constexpr bool kMin = has_min(kKind);
    static constexpr int kScales = scales_per_block(kKind);
    static constexpr std::size_t kQuantBytes = quant_bytes(kKind, S::kLanes);
    static constexpr std::size_t kBlockBytes =
        kQuantBytes + (kScales + (kMin ? 1 : 0)) * S::kLanes * sizeof(std::uint16_t);
    /// log2 of the centre; 0 = none.
    static constexpr int kCentre = kKind == PackedKind::kU4                                  ? 3
                                   : kKind == PackedKind::kU5 || kKind == PackedKind::kU5Min ? 4
                                   : kKind == PackedKind::kU6                                ? 5
                                                                                             : 0;

    template <int kStep>
    static HEARTH_INLINE typename S::Q step(const std::byte* p) {
        if constexpr (kSigned) {
            return S::load_q(p + kStep * kRegister);
        } else {
            const auto low = S::template shift_and<4 * (kStep / 4)>(S::load_q(p + (kStep % 4) * kRegister), 0x0f);
            if constexpr (kKind == PackedKind::kU5 || kKind == PackedKind::kU5Min) {
                return S::or_q(low, S::template shift_and<kStep - 4>(S::load_q(p + 4 * kRegister), 0x10));
            } else if constexpr (kKind == PackedKind::kU6) {
                constexpr int kShift = 2 * (kStep % 4) - 4;
                return S::or_q(low, S::template shift_and<kShift>(S::load_q(p + (4 + kStep / 4) * kRegister), 0x30));
            } else {
                return low;
            }
        }
    }
};

/// Names of the parts of one activation record for kColumns tokens.
template <int kColumns>
struct Record {
    const std::byte* p;
    const std::int8_t* quants() const { return reinterpret_cast<const std::int8_t*>(p); }
    const std::int32_t* sums(int which) const {
        return reinterpret_cast<const std::int32_t*>(p + 32 * kColumns) + which * kColumns;
    }
    const float* scales() const { return reinterpret_cast<const float*>(p + 44 * kColumns); }
    const float* scaled_sums() const { return reinterpret_cast<const float*>(p + 48 * kColumns); }
};

/// How far ahead of use weights are asked for: hardware prefetching stops at page borders, decode does not.
constexpr std::size_t kPrefetchBytes = 2048;

template <class S>
concept MatrixDot = requires {
    typename S::RowPairs;
};

/// dot_steps of all whole pairs of tokens where one instruction multiplies 2 rows by 2 tokens.
template <class S, class U, int kColumns, int kFirst, int kCount>
HEARTH_INLINE void matrix_dot_steps(const std::byte* block, Record<kColumns> x, int sum,
                                    typename S::A (&acc)[kColumns]) {
    HEARTH_UNROLL
    for (int c = 0; c + 1 < kColumns; c += 2) {
        acc[c] = U::kCentre != 0 ? S::start_pair(x.sums(sum) + c, U::kCentre) : S::start_zero();
        acc[c + 1] = acc[c];
    }
    const auto two = [&]<int kStep>(std::integral_constant<int, kStep>) HEARTH_INLINE_LAMBDA {
        const auto rows = S::pair_rows(U::template step<kStep>(block), U::template step<kStep + 1>(block));
        HEARTH_UNROLL
        for (int c = 0; c + 1 < kColumns; c += 2) {
            const std::int8_t* step = x.quants() + (kStep * kColumns + c) * 4;
            const auto tokens = S::pair_tokens(step, step + kColumns * 4);
            acc[c] = S::dot_matrix(acc[c], rows.first, tokens);
            acc[c + 1] = S::dot_matrix(acc[c + 1], rows.second, tokens);
        }
    };
    [&]<int... kPair>(std::integer_sequence<int, kPair...>) HEARTH_INLINE_LAMBDA {
        (two(std::integral_constant<int, kFirst + 2 * kPair>{}), ...);
    }
    (std::make_integer_sequence<int, kCount / 2>{});
    HEARTH_UNROLL
    for (int c = 0; c + 1 < kColumns; c += 2) S::split_tokens(acc[c], acc[c + 1]);
}

/// Integer dot products of steps [kFirst, kFirst + kCount) of one block with every column.
template <class S, class U, int kColumns, int kFirst, int kCount>
HEARTH_INLINE void dot_steps(const std::byte* block, Record<kColumns> x, int sum, typename S::A (&acc)[kColumns]) {
    constexpr int kFrom = MatrixDot<S> ? kColumns / 2 * 2 : 0;
    if constexpr (kFrom > 0) matrix_dot_steps<S, U, kColumns, kFirst, kCount>(block, x, sum, acc);
    if constexpr (kFrom == kColumns) return;
    HEARTH_UNROLL
    for (int c = kFrom; c < kColumns; ++c) {
        if constexpr (U::kSigned)
            acc[c] = S::start_signed(x.sums(sum) + c);
        else if constexpr (U::kCentre != 0)
            acc[c] = S::start(x.sums(sum) + c, U::kCentre);
        else
            acc[c] = S::start_zero();
    }
    const auto one = [&]<int kStep>(std::integral_constant<int, kStep>) HEARTH_INLINE_LAMBDA {
        const typename S::Q w = U::template step<kStep>(block);
        HEARTH_UNROLL
        for (int c = kFrom; c < kColumns; ++c) {
            const std::int8_t* four = x.quants() + (kStep * kColumns + c) * 4;
            if constexpr (U::kSigned)
                acc[c] = S::dot_signed(acc[c], w, four);
            else
                acc[c] = S::dot(acc[c], w, four);
        }
    };
    [&]<int... kStep>(std::integer_sequence<int, kStep...>) HEARTH_INLINE_LAMBDA {
        (one(std::integral_constant<int, kFirst + kStep>{}), ...);
    }
    (std::make_integer_sequence<int, kCount>{});
}

/// One panel times one group of kColumns tokens: out[c][lanes], not yet scaled back.
template <class S, PackedKind kKind, int kColumns>
void quant_panel(const std::byte* panel, const PanelLayout& layout, const std::byte* group, float* out) {
    using U = Unpack<S, kKind>;
    typename S::F total[kColumns];
    HEARTH_UNROLL
    for (int c = 0; c < kColumns; ++c) total[c] = S::zero();
    const std::byte* block = panel;
    const std::byte* record = group;
    for (std::int64_t b = 0; b < layout.blocks; ++b) {
        const Record<kColumns> x{record};
        for (std::size_t line = 0; line < U::kBlockBytes; line += 64) {
            __builtin_prefetch(block + kPrefetchBytes + line);
        }
        HEARTH_UNROLL
        for (int half = 0; half < U::kScales; ++half) {
            typename S::A acc[kColumns];
            if constexpr (U::kScales == 1)
                dot_steps<S, U, kColumns, 0, 8>(block, x, 0, acc);
            else if (half == 0)
                dot_steps<S, U, kColumns, 0, 4>(block, x, 1, acc);
            else
                dot_steps<S, U, kColumns, 4, 4>(block, x, 2, acc);
            const auto* halves = reinterpret_cast<const std::uint16_t*>(block + U::kQuantBytes);
            const typename S::F scale = S::load_f16(halves + half * S::kLanes);
            HEARTH_UNROLL
            for (int c = 0; c < kColumns; ++c) {
                typename S::F dot;
                if constexpr (U::kSigned)
                    dot = S::finish_signed(acc[c]);
                else
                    dot = S::finish(acc[c]);
                total[c] = S::fma(S::mul(scale, S::set1(x.scales()[c])), dot, total[c]);
            }
        }
        if constexpr (U::kMin) {
            const auto* halves = reinterpret_cast<const std::uint16_t*>(block + U::kQuantBytes);
            const typename S::F minimum = S::load_f16(halves + U::kScales * S::kLanes);
            HEARTH_UNROLL
            for (int c = 0; c < kColumns; ++c) total[c] = S::fma(minimum, S::set1(x.scaled_sums()[c]), total[c]);
        }
        block += U::kBlockBytes;
        record += kRecordBytesPerColumn * kColumns;
    }
    HEARTH_UNROLL
    for (int c = 0; c < kColumns; ++c) S::store(out + c * S::kLanes, total[c]);
}

/// What one step of a float product reads: one column of every row of a panel against one value of each token.
template <class S, PackedKind kKind>
struct ColumnStep {
    using Weights = typename S::F;
    using Value = typename S::F;
    static constexpr int kBytes = S::kLanes * bits_of(kKind) / 8;
    static std::int64_t steps(std::int64_t cols) { return cols; }
    static HEARTH_INLINE Weights weights(const std::byte* p) {
        if constexpr (kKind == PackedKind::kF32)
            return S::load(reinterpret_cast<const float*>(p));
        else
            return S::load_f16(reinterpret_cast<const std::uint16_t*>(p));
    }
    static HEARTH_INLINE Value value(const std::byte* x, std::int64_t at) {
        return S::set1(reinterpret_cast<const float*>(x)[at]);
    }
    static HEARTH_INLINE typename S::F add(typename S::F total, Weights w, Value v) { return S::fma(w, v, total); }
};

/// Or two columns, in bfloat16.
template <class S>
struct PairStep {
    using Weights = typename S::Q;
    using Value = typename S::Pair;
    static constexpr int kBytes = S::kLanes * 4;
    static std::int64_t steps(std::int64_t cols) { return (cols + 1) / 2; }
    static HEARTH_INLINE Weights weights(const std::byte* p) { return S::load_q(p); }
    static HEARTH_INLINE Value value(const std::byte* x, std::int64_t at) { return S::set1_pair(x + 4 * at); }
    static HEARTH_INLINE typename S::F add(typename S::F total, Weights w, Value v) {
        return S::dot_pairs(total, w, v);
    }
};

/// kPanels neighbouring panels times kColumns of a group that is `stride` tokens wide: out[panel][c][lanes].
template <class S, class Step, int kPanels, int kColumns>
HEARTH_INLINE void float_panel(const std::byte* panel, const PanelLayout& layout, std::int64_t cols,
                               const std::byte* group, int first, int stride, float* out) {
    typename S::F total[kPanels][kColumns];
    HEARTH_UNROLL
    for (int p = 0; p < kPanels; ++p) {
        HEARTH_UNROLL
        for (int c = 0; c < kColumns; ++c) total[p][c] = S::zero();
    }
    const std::int64_t steps = Step::steps(cols);
    for (std::int64_t k = 0; k < steps; ++k) {
        typename Step::Weights w[kPanels];
        HEARTH_UNROLL
        for (int p = 0; p < kPanels; ++p)
            w[p] = Step::weights(panel + static_cast<std::size_t>(p) * layout.panel_bytes + k * Step::kBytes);
        HEARTH_UNROLL
        for (int c = 0; c < kColumns; ++c) {
            const typename Step::Value v = Step::value(group, k * stride + first + c);
            HEARTH_UNROLL
            for (int p = 0; p < kPanels; ++p) total[p][c] = Step::add(total[p][c], w[p], v);
        }
    }
    HEARTH_UNROLL
    for (int p = 0; p < kPanels; ++p) {
        HEARTH_UNROLL
        for (int c = 0; c < kColumns; ++c) S::store(out + (p * stride + first + c) * S::kLanes, total[p][c]);
    }
}

template <class S>
void read_bytes(const std::byte* bytes, std::size_t count) {
    constexpr std::size_t kRegister = sizeof(typename S::Q);
    typename S::Q all[4] = {};
    for (; count >= 4 * kRegister; count -= 4 * kRegister, bytes += 4 * kRegister) {
        HEARTH_UNROLL
        for (std::size_t i = 0; i < 4; ++i) all[i] = S::or_q(all[i], S::load_q(bytes + i * kRegister));
    }
    [[maybe_unused]] volatile auto seen = S::or_q(S::or_q(all[0], all[1]), S::or_q(all[2], all[3]));
}

/// Scaled back, with the bias, through the activation: kPanels panels side by side, `columns` tokens.
/// values: [kPanels][apart floats], of which [columns][lanes] are read.
template <class S, int kPanels, bool kGelu>
inline void write_panels(const MatmulTile& t, std::int64_t panel, std::int64_t token, int columns, const float* values,
                         std::ptrdiff_t apart) {
    const std::int64_t rows = t.weight->rows(), first = panel * S::kLanes;
    const bool whole = first + kPanels * S::kLanes <= rows;
    const typename S::F scale = S::set1(t.weight->output_scale());
    alignas(64) float edge[kPanels * S::kLanes] = {};
    const float* bias = edge;
    if (t.bias != nullptr && whole) bias = t.bias + first;
    if (t.bias != nullptr && !whole) std::copy(t.bias + first, t.bias + rows, edge);
    typename S::F biases[kPanels];
    HEARTH_UNROLL
    for (int p = 0; p < kPanels; ++p) biases[p] = S::load(bias + p * S::kLanes);
    float* y = t.y + token * rows + first;
    for (int c = 0; c < columns; ++c, y += rows, values += S::kLanes) {
        float* out = whole ? y : edge;
        HEARTH_UNROLL
        for (int p = 0; p < kPanels; ++p) {
            typename S::F v = S::fma(S::load(values + p * apart), scale, biases[p]);
            if constexpr (kGelu) v = gelu<S>(v);
            S::store(out + p * S::kLanes, v);
        }
        if (!whole) std::copy(edge, edge + (rows - first), y);
    }
}

template <class S, int kPanels>
void write_rows(const MatmulTile& t, std::int64_t panel, std::int64_t token, int columns, const float* values,
                std::ptrdiff_t apart = 0) {
    if (t.activation == Activation::kGelu)
        write_panels<S, kPanels, true>(t, panel, token, columns, values, apart);
    else
        write_panels<S, kPanels, false>(t, panel, token, columns, values, apart);
}

template <class S, PackedKind kKind, int kColumns>
void quant_group(const MatmulTile& t, const std::byte* group, std::int64_t token) {
    alignas(64) float values[kColumns * S::kLanes];
    for (std::int64_t p = t.panel_begin; p < t.panel_end; ++p) {
        quant_panel<S, kKind, kColumns>(t.weight->panel(p), t.weight->layout(), group, values);
        write_rows<S, 1>(t, p, token, kColumns, values);
    }
}

template <class S, class Step, int kColumns>
void float_group_product(const MatmulTile& t, const std::byte* group, std::int64_t token) {
    // Two panels of this many columns fill the accumulators the instruction set has.
    constexpr int kPart = kColumns > S::kFloatColumns ? S::kFloatColumns : kColumns;
    alignas(64) float values[2 * kColumns * S::kLanes];
    const PanelLayout& layout = t.weight->layout();
    for (std::int64_t p = t.panel_begin; p < t.panel_end; p += 2) {
        const std::byte* panel = t.weight->panel(p);
        const bool two = p + 1 < t.panel_end;
        const auto part = [&]<int kWidth>(std::integral_constant<int, kWidth>, int first) HEARTH_INLINE_LAMBDA {
            if (two)
                float_panel<S, Step, 2, kWidth>(panel, layout, t.weight->cols(), group, first, kColumns, values);
            else
                float_panel<S, Step, 1, kWidth>(panel, layout, t.weight->cols(), group, first, kColumns, values);
        };
        part(std::integral_constant<int, kPart>{}, 0);
        if constexpr (kColumns > kPart) part(std::integral_constant<int, kColumns - kPart>{}, kPart);
        if (two)
            write_rows<S, 2>(t, p, token, kColumns, values, kColumns * S::kLanes);
        else
            write_rows<S, 1>(t, p, token, kColumns, values);
    }
}

template <class S, PackedKind kKind, int kColumns>
void one_group(const MatmulTile& t, const std::byte* group, std::int64_t token) {
    if constexpr (is_pairs(kKind))
        float_group_product<S, PairStep<S>, kColumns>(t, group, token);
    else if constexpr (is_float(kKind))
        float_group_product<S, ColumnStep<S, kKind>, kColumns>(t, group, token);
    else
        quant_group<S, kKind, kColumns>(t, group, token);
}

template <class S, PackedKind kKind>
void matmul_kind(const MatmulTile& t) {
    using Function = void (*)(const MatmulTile&, const std::byte*, std::int64_t);
    static constexpr Function kByColumns[] = {one_group<S, kKind, 1>, one_group<S, kKind, 2>, one_group<S, kKind, 3>,
                                              one_group<S, kKind, 4>, one_group<S, kKind, 5>, one_group<S, kKind, 6>,
                                              one_group<S, kKind, 7>, one_group<S, kKind, 8>};
    const std::byte* group = t.groups;
    for (std::int64_t token = 0; token < t.n; token += kGroupColumns, group += t.group_bytes) {
        const std::int64_t left = t.n - token;
        kByColumns[left < kGroupColumns ? left - 1 : kGroupColumns - 1](t, group, token);
    }
}

template <class S>
void matmul(const MatmulTile& t) {
    switch (t.weight->kind()) {
        case PackedKind::kU4:
            return matmul_kind<S, PackedKind::kU4>(t);
        case PackedKind::kU4Min:
            return matmul_kind<S, PackedKind::kU4Min>(t);
        case PackedKind::kU5:
            return matmul_kind<S, PackedKind::kU5>(t);
        case PackedKind::kU5Min:
            return matmul_kind<S, PackedKind::kU5Min>(t);
        case PackedKind::kU6:
            return matmul_kind<S, PackedKind::kU6>(t);
        case PackedKind::kS8:
            return matmul_kind<S, PackedKind::kS8>(t);
        case PackedKind::kF32:
            return matmul_kind<S, PackedKind::kF32>(t);
        case PackedKind::kF16:
            return matmul_kind<S, PackedKind::kF16>(t);
        case PackedKind::kBF16:
            return matmul_kind<S, PackedKind::kBF16>(t);
    }
}

/// One token's 32 columns into column c of a record that is `columns` tokens wide.
template <class S>
void quantise_record(const float* x, int columns, int c, std::byte* record) {
    alignas(32) std::int8_t q[32];
    const float scale = S::quantize_block(x, q);
    for (int step = 0; step < kSteps; ++step) std::memcpy(record + (step * columns + c) * 4, q + 4 * step, 4);
    std::int32_t pairs[2][2];
    S::pair_sums(q, pairs);
    auto* sums = reinterpret_cast<std::int32_t*>(record + 32 * columns) + c;
    sums[0] = S::pack_sums(pairs[0][0] + pairs[1][0], pairs[0][1] + pairs[1][1]);
    sums[columns] = S::pack_sums(pairs[0][0], pairs[0][1]);
    sums[2 * columns] = S::pack_sums(pairs[1][0], pairs[1][1]);
    const int all = pairs[0][0] + pairs[0][1] + pairs[1][0] + pairs[1][1];
    reinterpret_cast<float*>(record + 44 * columns)[c] = scale;
    reinterpret_cast<float*>(record + 48 * columns)[c] = scale * static_cast<float>(all);
}

template <class S>
void quantise_group(const float* x, int columns, std::int64_t cols, std::byte* group) {
    const std::int64_t whole = cols / kBlockColumns;
    for (int c = 0; c < columns; ++c) {
        const float* row = x + c * cols;
        for (std::int64_t b = 0; b < whole; ++b) {
            quantise_record<S>(row + b * kBlockColumns, columns, c, group + b * kRecordBytesPerColumn * columns);
        }
    }
}

inline void interleave_pairs(const float* x, int columns, std::int64_t cols, std::byte* group) {
    auto* out = reinterpret_cast<std::uint16_t*>(group);
    for (int c = 0; c < columns; ++c) {
        for (std::int64_t k = 0; k < cols; ++k)
            out[(k / 2 * columns + c) * 2 + k % 2] = float_to_bfloat16(x[c * cols + k]);
        if (cols % 2 != 0) out[(cols / 2 * columns + c) * 2 + 1] = 0;
    }
}

inline void interleave_floats(const float* x, int columns, std::int64_t cols, std::byte* group) {
    float* out = reinterpret_cast<float*>(group);
    for (int c = 0; c < columns; ++c) {
        for (std::int64_t k = 0; k < cols; ++k) out[k * columns + c] = x[c * cols + k];
    }
}

}  // namespace
}  // namespace hearth::llm::cpu
