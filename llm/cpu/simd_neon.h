// The SIMD wrapper for arm64 with the dot product instruction: simd_avx2.h with 4 lanes. See there for what each
// operation means.
#pragma once

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hearth::llm::cpu {
namespace {

struct Neon {
    static constexpr const char* kName = "neon-dotprod";
    static constexpr int kLanes = 4;
    static constexpr int kFloatColumns = 8;
    using F = float32x4_t;
    using Q = uint8x16_t;
    using A = int32x4_t;

    static F zero() { return vdupq_n_f32(0.0f); }
    static F set1(float a) { return vdupq_n_f32(a); }
    static F load(const float* p) { return vld1q_f32(p); }
    static void store(float* p, F a) { vst1q_f32(p, a); }
    static F load_f16(const std::uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
    static F load_i8(const std::int8_t* p) {
        std::int32_t four;
        __builtin_memcpy(&four, p, sizeof four);
        const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
        return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
    }
    static void store_f16(std::uint16_t* p, F a) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a))); }
    static F add(F a, F b) { return vaddq_f32(a, b); }
    static F sub(F a, F b) { return vsubq_f32(a, b); }
    static F mul(F a, F b) { return vmulq_f32(a, b); }
    static F div(F a, F b) { return vdivq_f32(a, b); }
    static F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
    static F max(F a, F b) { return vmaxq_f32(a, b); }
    static F min(F a, F b) { return vminq_f32(a, b); }
    static F abs(F a) { return vabsq_f32(a); }
    static F round(F a) { return vrndnq_f32(a); }
    static F times_power(F a, F n) {
        n = min(max(n, set1(-126.0f)), set1(127.0f));
        return mul(a, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23)));
    }

    struct Pair {
        F even, odd;
    };
    static Pair set1_pair(const std::byte* two) {
        std::uint32_t word;
        std::memcpy(&word, two, sizeof word);
        const uint8x16_t both = vreinterpretq_u8_u32(vdupq_n_u32(word));
        return {even_of(both), odd_of(both)};
    }
    static F dot_pairs(F total, Q w, Pair x) { return fma(odd_of(w), x.odd, fma(even_of(w), x.even, total)); }

    static float sum(F a) { return vaddvq_f32(a); }
    static float highest(F a) { return vmaxvq_f32(a); }

    static Q load_q(const std::byte* p) { return vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)); }
    template <int kShift>
    static Q shift_and(Q a, int mask) {
        if constexpr (kShift > 0) a = vshrq_n_u8(a, kShift);
        if constexpr (kShift < 0) a = vshlq_n_u8(a, -kShift);
        return vandq_u8(a, vdupq_n_u8(static_cast<std::uint8_t>(mask)));
    }
    static Q or_q(Q a, Q b) { return vorrq_u8(a, b); }

    // Unsigned weights have at most 6 bits, so they are signed bytes too: one instruction serves both kinds.
    static std::int32_t pack_sums(int first_pair, int second_pair) { return -(first_pair + second_pair); }
    static A start(const std::int32_t* sums, int shift) { return vdupq_n_s32(*sums * (1 << shift)); }
    static A start_zero() { return vdupq_n_s32(0); }
    static A dot(A a, Q w, const std::int8_t* x) {
        return vdotq_s32(a, vreinterpretq_s8_u8(w), vreinterpretq_s8_s32(vld1q_dup_s32(four(x))));
    }
    static F finish(A a) { return vcvtq_f32_s32(a); }
    static A start_signed(const std::int32_t*) { return start_zero(); }
    static A dot_signed(A a, Q w, const std::int8_t* x) { return dot(a, w, x); }
    static F finish_signed(A a) { return finish(a); }

    static float quantize_block(const float* x, std::int8_t* q) {
        F most = abs(load(x));
        for (int i = 4; i < 32; i += 4) most = max(most, abs(load(x + i)));
        const float top = highest(most);
        const F inverse = set1(top > 0.0f ? 127.0f / top : 0.0f);
        for (int i = 0; i < 32; i += 8) {
            const int16x4_t low = vqmovn_s32(vcvtnq_s32_f32(mul(load(x + i), inverse)));
            const int16x4_t high = vqmovn_s32(vcvtnq_s32_f32(mul(load(x + i + 4), inverse)));
            vst1_s8(q + i, vqmovn_s16(vcombine_s16(low, high)));
        }
        return top / 127.0f;
    }
    static void pair_sums(const std::int8_t* q, std::int32_t (&pairs)[2][2]) {
        for (int half = 0; half < 2; ++half) {
            const int16x8_t sums = vpaddlq_s8(vld1q_s8(q + 16 * half));
            pairs[half][0] = vaddlvq_s16(vuzp1q_s16(sums, vdupq_n_s16(0)));
            pairs[half][1] = vaddlvq_s16(vuzp2q_s16(sums, vdupq_n_s16(0)));
        }
    }

  private:
    static F even_of(uint8x16_t pairs) { return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_u8(pairs), 16)); }
    static F odd_of(uint8x16_t pairs) {
        return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_u8(pairs), vdupq_n_u32(0xffff0000u)));
    }
    static const std::int32_t* four(const std::int8_t* x) { return reinterpret_cast<const std::int32_t*>(x); }
};

}  // namespace
}  // namespace hearth::llm::cpu
