// The SIMD wrapper for arm64 with the 8-bit matrix instruction: simd_neon.h, and 2 rows by 2 tokens by 8 columns at
// once where a group has two tokens or more (matrix_dot_steps in matmul_kernels.h).
#pragma once

#include "llm/cpu/simd_neon.h"

namespace hearth::llm::cpu {
namespace {

struct NeonI8mm : Neon {
    static constexpr const char* kName = "neon-i8mm";

    /// Two steps of a panel as rows 0, 1 and rows 2, 3 of 8 columns each.
    struct RowPairs {
        int8x16_t first, second;
    };
    static RowPairs pair_rows(Q step, Q next) {
        const int32x4_t a = vreinterpretq_s32_u8(step), b = vreinterpretq_s32_u8(next);
        return {vreinterpretq_s8_s32(vzip1q_s32(a, b)), vreinterpretq_s8_s32(vzip2q_s32(a, b))};
    }
    /// The same two steps of two tokens.
    static int8x16_t pair_tokens(const std::int8_t* step, const std::int8_t* next) {
        const int32x2_t a = vreinterpret_s32_s8(vld1_s8(step)), b = vreinterpret_s32_s8(vld1_s8(next));
        return vreinterpretq_s8_s32(vcombine_s32(vzip1_s32(a, b), vzip2_s32(a, b)));
    }
    /// start() of two tokens, as the sums of a matrix product lie: row, row, next row, next row.
    static A start_pair(const std::int32_t* sums, int shift) {
        const int32x2_t both = vld1_s32(sums);
        return vmulq_n_s32(vcombine_s32(both, both), 1 << shift);
    }
    static A dot_matrix(A a, int8x16_t rows, int8x16_t tokens) { return vmmlaq_s32(a, rows, tokens); }
    /// Sums of rows 0, 1 and of rows 2, 3 to those of the first and of the second token, a lane a row.
    static void split_tokens(A& first, A& second) {
        const A token = vuzp1q_s32(first, second);
        second = vuzp2q_s32(first, second);
        first = token;
    }
};

}  // namespace
}  // namespace hearth::llm::cpu
