// The SIMD wrapper in portable C++: lanes as plain loops the compiler may vectorise. Same interface as
// simd_avx2.h, whose comments say what each operation means.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "llm/half.h"

namespace hearth::llm::cpu {
namespace {

template <int kWidth>
struct GenericLanes {
    static constexpr int kLanes = kWidth;
    static constexpr int kFloatColumns = 4;
    struct F {
        float v[kLanes];
    };
    struct Q {
        std::uint8_t v[kLanes * 4];
    };
    struct A {
        std::int32_t v[kLanes];
    };

    template <typename Op>
    static F each(const Op& op) {
        F r;
        for (int i = 0; i < kLanes; ++i) r.v[i] = op(i);
        return r;
    }
    static F zero() { return set1(0.0f); }
    static F set1(float a) {
        return each([&](int) { return a; });
    }
    static F load(const float* p) {
        F r;
        std::memcpy(&r, p, sizeof r);
        return r;
    }
    static void store(float* p, F a) { std::memcpy(p, &a, sizeof a); }
    static F load_f16(const std::uint16_t* p) {
        return each([&](int i) { return half_to_float(p[i]); });
    }
    static F load_i8(const std::int8_t* p) {
        return each([&](int i) { return static_cast<float>(p[i]); });
    }
    static void store_f16(std::uint16_t* p, F a) {
        for (int i = 0; i < kLanes; ++i) p[i] = float_to_half(a.v[i]);
    }
    static F add(F a, F b) {
        return each([&](int i) { return a.v[i] + b.v[i]; });
    }
    static F sub(F a, F b) {
        return each([&](int i) { return a.v[i] - b.v[i]; });
    }
    static F mul(F a, F b) {
        return each([&](int i) { return a.v[i] * b.v[i]; });
    }
    static F div(F a, F b) {
        return each([&](int i) { return a.v[i] / b.v[i]; });
    }
    static F fma(F a, F b, F c) {
        return each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; });
    }
    static F max(F a, F b) {
        return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
    }
    static F min(F a, F b) {
        return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
    }
    static F round(F a) {
        return each([&](int i) { return std::nearbyint(a.v[i]); });
    }
    static F times_power(F a, F n) {
        return each([&](int i) {
            const float power = n.v[i] >= -126 ? (n.v[i] <= 127 ? n.v[i] : 127.0f) : -126.0f;  // -126 for no number
            return a.v[i] * std::bit_cast<float>((static_cast<std::int32_t>(power) + 127) << 23);
        });
    }

    struct Pair {
        float even, odd;
    };
    static Pair set1_pair(const std::byte* two) {
        std::uint16_t halves[2];
        std::memcpy(halves, two, sizeof halves);
        return {bfloat16_to_float(halves[0]), bfloat16_to_float(halves[1])};
    }
    static F dot_pairs(F total, Q w, Pair x) {
        return each([&](int i) {
            std::uint16_t halves[2];
            std::memcpy(halves, w.v + 4 * i, sizeof halves);
            return total.v[i] + bfloat16_to_float(halves[0]) * x.even + bfloat16_to_float(halves[1]) * x.odd;
        });
    }

    static float sum(F a) {
        for (int width = kLanes / 2; width > 0; width /= 2) {
            for (int i = 0; i < width; ++i) a.v[i] += a.v[i + width];
        }
        return a.v[0];
    }
    static float highest(F a) {
        float m = a.v[0];
        for (int i = 1; i < kLanes; ++i) m = a.v[i] > m ? a.v[i] : m;
        return m;
    }

    static Q load_q(const std::byte* p) {
        Q r;
        std::memcpy(&r, p, sizeof r);
        return r;
    }
    template <int kShift>  // positive: right, negative: left
    static Q shift_and(Q a, int mask) {
        Q r;
        for (int i = 0; i < kLanes * 4; ++i) {
            r.v[i] = static_cast<std::uint8_t>((kShift >= 0 ? a.v[i] >> (kShift & 7) : a.v[i] << (-kShift & 7)) & mask);
        }
        return r;
    }
    static Q set1_q(int value) {
        Q r;
        std::memset(r.v, value, sizeof r.v);
        return r;
    }
    static Q sub_q(Q a, Q b) {
        for (int i = 0; i < kLanes * 4; ++i) a.v[i] = static_cast<std::uint8_t>(a.v[i] - b.v[i]);
        return a;
    }
    static void store_bf16(std::uint16_t* p, F a) {
        for (int i = 0; i < kLanes; ++i) p[i] = float_to_bfloat16(a.v[i]);
    }
    static void store_interleaved(std::byte* p, F even, F odd) {
        for (int i = 0; i < kLanes; ++i) {
            const std::uint16_t pair[] = {float_to_bfloat16(even.v[i]), float_to_bfloat16(odd.v[i])};
            std::memcpy(p + 4 * i, pair, sizeof pair);
        }
    }
    static void store_pairs(std::byte* p, Q w, F scale, F minimum) {
        for (int i = 0; i < kLanes * 4; ++i) {
            const float value =
                static_cast<float>(static_cast<std::int8_t>(w.v[i])) * scale.v[i / 4] + minimum.v[i / 4];
            const std::uint16_t half = float_to_bfloat16(value);
            std::memcpy(p + i / 2 % 2 * kLanes * 4 + i / 4 * 4 + i % 2 * 2, &half, sizeof half);
        }
    }
    static Q or_q(Q a, Q b) {
        for (int i = 0; i < kLanes * 4; ++i) a.v[i] |= b.v[i];
        return a;
    }

    static std::int32_t pack_sums(int first_pair, int second_pair) { return -(first_pair + second_pair); }
    static A start(const std::int32_t* sums, int shift) {
        A r;
        for (int i = 0; i < kLanes; ++i) r.v[i] = *sums * (1 << shift);
        return r;
    }
    static A start_zero() { return A{}; }
    static A dot(A a, Q w, const std::int8_t* x) {
        for (int i = 0; i < kLanes; ++i) {
            for (int j = 0; j < 4; ++j) a.v[i] += w.v[4 * i + j] * x[j];
        }
        return a;
    }
    static F finish(A a) {
        return each([&](int i) { return static_cast<float>(a.v[i]); });
    }
    static A start_signed(const std::int32_t*) { return A{}; }
    static A dot_signed(A a, Q w, const std::int8_t* x) {
        for (int i = 0; i < kLanes; ++i) {
            for (int j = 0; j < 4; ++j) a.v[i] += static_cast<std::int8_t>(w.v[4 * i + j]) * x[j];
        }
        return a;
    }
    static F finish_signed(A a) { return finish(a); }

    static float quantize_block(const float* x, std::int8_t* q) {
        float top = 0.0f;
        for (int i = 0; i < 32; ++i) top = std::fabs(x[i]) > top ? std::fabs(x[i]) : top;
        const float inverse = top > 0.0f ? 127.0f / top : 0.0f;
        for (int i = 0; i < 32; ++i) q[i] = static_cast<std::int8_t>(std::nearbyint(x[i] * inverse));
        return top / 127.0f;
    }
    static void pair_sums(const std::int8_t* q, std::int32_t (&pairs)[2][2]) {
        for (int half = 0; half < 2; ++half) {
            for (int which = 0; which < 2; ++which) {
                pairs[half][which] = 0;
                for (int i = 16 * half + 2 * which; i < 16 * half + 16; i += 4) pairs[half][which] += q[i] + q[i + 1];
            }
        }
    }
};

struct Generic : GenericLanes<8> {
    static constexpr const char* kName = "generic";
};

}  // namespace
}  // namespace hearth::llm::cpu
