// Element-wise and row-wise kernels over the SIMD wrapper S: exp, SwiGLU, GELU, norms, rope. Included only by the
// kernels_*.cpp files; internal linkage (see simd_avx2.h).
#pragma once

#include <cmath>
#include <cstring>

#include "llm/cpu/kernels.h"

namespace hearth::llm::cpu {
namespace {

/// e^x to 2 units in the last place for x in [-87, 88]; clamped outside (so e^-inf is 1e-38, not 0).
/// Cody-Waite reduction to |r| <= ln(2)/2 and the Cephes degree-6 polynomial, whose own error is below 1e-7 relative.
template <class S>
inline typename S::F exp(typename S::F x) {
    using F = typename S::F;
    x = S::min(S::max(x, S::set1(-87.0f)), S::set1(88.0f));
    const F n = S::round(S::mul(x, S::set1(1.44269504088896341f)));
    F r = S::fma(n, S::set1(-0.693359375f), x);
    r = S::fma(n, S::set1(2.12194440e-4f), r);
    F p = S::set1(1.9875691500e-4f);
    p = S::fma(p, r, S::set1(1.3981999507e-3f));
    p = S::fma(p, r, S::set1(8.3334519073e-3f));
    p = S::fma(p, r, S::set1(4.1665795894e-2f));
    p = S::fma(p, r, S::set1(1.6666665459e-1f));
    p = S::fma(p, r, S::set1(5.0000001201e-1f));
    p = S::add(S::fma(p, S::mul(r, r), r), S::set1(1.0f));
    return S::mul(p, S::pow2(n));
}

/// erf(x) to 2e-7 absolute: Abramowitz & Stegun 7.1.26 (1.5e-7) plus float rounding.
template <class S>
inline typename S::F erf(typename S::F x) {
    using F = typename S::F;
    const F one = S::set1(1.0f);
    const F size = S::abs(x);
    const F t = S::div(one, S::fma(size, S::set1(0.3275911f), one));
    F p = S::set1(1.061405429f);
    p = S::fma(p, t, S::set1(-1.453152027f));
    p = S::fma(p, t, S::set1(1.421413741f));
    p = S::fma(p, t, S::set1(-0.284496736f));
    p = S::fma(p, t, S::set1(0.254829592f));
    const F tail = S::mul(S::mul(p, t), exp<S>(S::mul(S::sub(S::zero(), size), size)));
    return S::copy_sign(S::sub(one, tail), x);
}

/// Runs `op` over whole vectors and once over a zero-padded copy of the rest.
template <class S, typename Op>
inline void each_vector(float* x, const float* y, std::int64_t count, const Op& op) {
    std::int64_t i = 0;
    for (; i + S::kLanes <= count; i += S::kLanes) {
        S::store(x + i, op(S::load(x + i), y != nullptr ? S::load(y + i) : S::zero()));
    }
    if (i == count) return;
    float a[S::kLanes] = {}, b[S::kLanes] = {};
    const auto bytes = static_cast<std::size_t>(count - i) * sizeof(float);
    std::memcpy(a, x + i, bytes);
    if (y != nullptr) std::memcpy(b, y + i, bytes);
    S::store(a, op(S::load(a), S::load(b)));
    std::memcpy(x + i, a, bytes);
}

template <class S>
void swiglu(float* gate, const float* up, std::int64_t count) {
    each_vector<S>(gate, up, count, [](typename S::F g, typename S::F u) {
        const typename S::F e = exp<S>(S::sub(S::zero(), g));
        return S::mul(S::div(g, S::add(S::set1(1.0f), e)), u);
    });
}

template <class S>
void gelu(float* x, std::int64_t count) {
    each_vector<S>(x, nullptr, count, [](typename S::F v, typename S::F) {
        const typename S::F half = S::mul(v, S::set1(0.5f));
        return S::fma(half, erf<S>(S::mul(v, S::set1(0.70710678118654752f))), half);
    });
}

template <class S>
void add(float* x, const float* y, std::int64_t count) {
    each_vector<S>(x, y, count, [](typename S::F a, typename S::F b) { return S::add(a, b); });
}

/// Sum over a row of op(x[i]), in lanes, then the tail.
template <class S, typename Op, typename ScalarOp>
inline float row_sum(const float* x, std::int64_t dim, const Op& op, const ScalarOp& scalar) {
    typename S::F a = S::zero(), b = S::zero();
    std::int64_t i = 0;
    for (; i + 2 * S::kLanes <= dim; i += 2 * S::kLanes) {
        a = S::add(a, op(S::load(x + i)));
        b = S::add(b, op(S::load(x + i + S::kLanes)));
    }
    float total = S::sum(S::add(a, b));
    for (; i < dim; ++i) total += scalar(x[i]);
    return total;
}

template <class S>
void rms_norm(const float* x, const float* weight, std::int64_t rows, std::int64_t dim, float epsilon, float* y) {
    for (std::int64_t r = 0; r < rows; ++r, x += dim, y += dim) {
        const float squares = row_sum<S>(
            x, dim, [](typename S::F v) { return S::mul(v, v); }, [](float v) { return v * v; });
        const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(dim) + epsilon);
        const typename S::F scale = S::set1(inverse);
        std::int64_t i = 0;
        for (; i + S::kLanes <= dim; i += S::kLanes) {
            S::store(y + i, S::mul(S::mul(S::load(x + i), scale), S::load(weight + i)));
        }
        for (; i < dim; ++i) y[i] = x[i] * inverse * weight[i];
    }
}

template <class S>
void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t rows, std::int64_t dim,
                float epsilon, float* y) {
    for (std::int64_t r = 0; r < rows; ++r, x += dim, y += dim) {
        const float mean = row_sum<S>(
                               x, dim, [](typename S::F v) { return v; }, [](float v) { return v; }) /
                           static_cast<float>(dim);
        const typename S::F centre = S::set1(mean);
        const auto square = [&](typename S::F v) {
            v = S::sub(v, centre);
            return S::mul(v, v);
        };
        const float squares = row_sum<S>(x, dim, square, [&](float v) { return (v - mean) * (v - mean); });
        const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(dim) + epsilon);
        const typename S::F scale = S::set1(inverse);
        std::int64_t i = 0;
        for (; i + S::kLanes <= dim; i += S::kLanes) {
            const typename S::F v = S::mul(S::sub(S::load(x + i), centre), scale);
            S::store(y + i, S::fma(v, S::load(weight + i), S::load(bias + i)));
        }
        for (; i < dim; ++i) y[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
    }
}

inline void rotate(float& a, float& b, float cosine, float sine) {
    const float first = a * cosine - b * sine;
    b = a * sine + b * cosine;
    a = first;
}

template <class S>
void rope(float* x, int heads, int head_dim, const float* cosines, const float* sines, RopeStyle style) {
    const int half = head_dim / 2;
    for (int h = 0; h < heads; ++h, x += head_dim) {
        int i = 0;
        if (style == RopeStyle::kInterleaved) {
            for (; i < half; ++i) rotate(x[2 * i], x[2 * i + 1], cosines[i], sines[i]);
            continue;
        }
        for (; i + S::kLanes <= half; i += S::kLanes) {
            const typename S::F a = S::load(x + i), b = S::load(x + half + i);
            const typename S::F c = S::load(cosines + i), s = S::load(sines + i);
            S::store(x + i, S::sub(S::mul(a, c), S::mul(b, s)));
            S::store(x + half + i, S::fma(a, s, S::mul(b, c)));
        }
        for (; i < half; ++i) rotate(x[i], x[half + i], cosines[i], sines[i]);
    }
}

}  // namespace
}  // namespace hearth::llm::cpu
