// Element-wise and row-wise kernels over the SIMD wrapper S: exp, SwiGLU, GELU, norms, rope. Included only by the
// kernels_*.cpp files; internal linkage (see simd_avx2.h).
#pragma once

#include <cmath>
#include <cstring>

#include "llm/cpu/kernels.h"

namespace hearth::llm::cpu {
namespace {

/// e^x of a finite x: 2^t of t = x log2(e), which is rounded once (relative error |x| 2^-24). Its fraction goes through
/// a polynomial of degree 6 fitted to 2^f on [-1/2, 1/2] (8e-8 in float32). Where the result is no normal float it is
/// next to 0, or very large.
template <class S>
inline typename S::F exp(typename S::F x) {
    using F = typename S::F;
    constexpr float kCoefficients[] = {1.0f,
                                       0.6931471824645996f,
                                       0.24022646248340607f,
                                       0.05550328642129898f,
                                       0.009618489071726799f,
                                       0.0013399957679212093f,
                                       0.0001534578768769279f};
    const F t = S::mul(x, S::set1(1.44269504088896341f));
    const F n = S::round(t), f = S::sub(t, n);
    F p = S::set1(kCoefficients[6]);
    HEARTH_UNROLL
    for (int i = 5; i >= 0; --i) p = S::fma(p, f, S::set1(kCoefficients[i]));
    return S::times_power(p, n);
}

/// erf(x) to 3e-7 absolute: x times a polynomial of degree 13 in u = 2 x^2 / 3.65^2 - 1, fitted to erf(x) / x on [-1,
/// 1] so that the largest error is smallest; |x| is cut at 3.65, where erf is 1 - 2.5e-7. In u the coefficients fall,
/// and nothing cancels.
template <class S>
inline typename S::F erf(typename S::F x) {
    using F = typename S::F;
    constexpr float kCoefficients[] = {0.38735419511795044f,   -0.19295495748519897f,  0.14230769872665405f,
                                       -0.11326062679290771f,  0.09028078615665436f,   -0.06929946690797806f,
                                       0.04994204267859459f,   -0.034389376640319824f, 0.023145783692598343f,
                                       -0.012854738160967827f, 0.004921568091958761f,  -0.003234794596210122f,
                                       0.00322328950278461f,   -0.0012089109513908625f};
    x = S::min(S::max(x, S::set1(-3.65f)), S::set1(3.65f));
    const F u = S::fma(S::mul(x, x), S::set1(0.15012197f), S::set1(-1.0f));
    F p = S::set1(kCoefficients[13]);
    HEARTH_UNROLL
    for (int i = 12; i >= 0; --i) p = S::fma(p, u, S::set1(kCoefficients[i]));
    return S::mul(p, x);
}

template <class S>
inline typename S::F gelu(typename S::F x) {
    const typename S::F half = S::mul(x, S::set1(0.5f));
    return S::fma(half, erf<S>(S::mul(x, S::set1(0.70710678118654752f))), half);
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

/// x / (1 + e^-u).
template <class S>
inline typename S::F gated(typename S::F x, typename S::F u) {
    return S::div(x, S::add(S::set1(1.0f), exp<S>(S::sub(S::zero(), u))));
}

template <class S>
void glu(float* gate, const float* up, std::int64_t count, Gate activation) {
    using F = typename S::F;
    if (activation == Gate::kSilu)
        return each_vector<S>(gate, up, count, [](F g, F u) { return S::mul(gated<S>(g, g), u); });
    each_vector<S>(gate, up, count, [](F g, F u) {
        const F inner = S::fma(S::mul(g, g), S::set1(0.07135481627159889f), S::set1(1.5957691216057308f));
        return S::mul(gated<S>(g, S::mul(g, inner)), u);
    });
}

/// c tanh(x / c), as c (1 - 2 / (1 + e^(2x/c))).
template <class S>
inline typename S::F soft_capped(typename S::F x, float cap) {
    const typename S::F e = exp<S>(S::mul(x, S::set1(2.0f / cap)));
    return S::sub(S::set1(cap), S::div(S::set1(2.0f * cap), S::add(S::set1(1.0f), e)));
}

template <class S>
void soft_cap(float* x, std::int64_t count, float cap) {
    each_vector<S>(x, nullptr, count, [cap](typename S::F a, typename S::F) { return soft_capped<S>(a, cap); });
}

template <class S>
void add(float* x, const float* y, std::int64_t count) {
    each_vector<S>(x, y, count, [](typename S::F a, typename S::F b) { return S::add(a, b); });
}

template <class S>
void multiply(float* x, const float* y, std::int64_t count) {
    each_vector<S>(x, y, count, [](typename S::F a, typename S::F b) { return S::mul(a, b); });
}

template <class S>
void add_scaled(float* x, const float* y, float factor, std::int64_t count) {
    const typename S::F f = S::set1(factor);
    each_vector<S>(x, y, count, [f](typename S::F a, typename S::F b) { return S::fma(b, f, a); });
}

template <class S>
void scale_rows(const float* x, std::int64_t x_apart, int rows, int dim, const float* factors, float* y,
                std::int64_t y_apart) {
    for (int r = 0; r < rows; ++r, x += x_apart, y += y_apart) {
        const typename S::F factor = S::set1(factors[r]);
        int d = 0;
        for (; d + S::kLanes <= dim; d += S::kLanes) S::store(y + d, S::mul(S::load(x + d), factor));
        for (; d < dim; ++d) y[d] = x[d] * factors[r];
    }
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
