// Attention over 16-position tiles with an online softmax, written over the SIMD wrapper S. Included only by the
// kernels_*.cpp files; internal linkage (see simd_avx2.h).
#pragma once

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "llm/cpu/kernels.h"
#include "llm/cpu/math_kernels.h"

namespace hearth::llm::cpu {
namespace {

template <typename Element>
struct KvTile {
    const Element* keys;        ///< [head_dim][16]
    const Element* values;      ///< [16][dim]
    const float* key_scales;    ///< of int8: [scale blocks][16]
    const float* value_scales;  ///< of int8: [16][scale blocks]
    int dim;                    ///< padded
    int scale_blocks;
};

/// The tiles of up to kAttendColumns positions from `begin` on.
template <typename Element>
class KvTiles {
  public:
    KvTiles(const KvSource& kv, int head_dim)
        : kv_(kv), layout_(kv_layout(kv.format, head_dim)), head_dim_(head_dim), dim_(padded_dim(head_dim)) {}

    /// Returns how many there are.
    int find(std::int64_t begin, int columns) {
        const int count = (columns + kKvTile - 1) / kKvTile;
        for (int i = 0; i < count; ++i) tiles_[i] = tile(begin / kKvTile + i);
        return count;
    }
    const KvTile<Element>* get() const { return tiles_; }
    const KvTile<Element>& operator[](int i) const { return tiles_[i]; }

  private:
    KvTile<Element> tile(std::int64_t index) const {
        if constexpr (std::is_same_v<Element, float>) {
            const float* start = kv_.packed + index * kKvTile * (head_dim_ + dim_);
            return {start, start + kKvTile * head_dim_, nullptr, nullptr, dim_, 0};
        } else {
            const std::byte* place = kv_.blocks[index] + kv_.offset;
            return {reinterpret_cast<const Element*>(place),
                    reinterpret_cast<const Element*>(place + layout_.values),
                    reinterpret_cast<const float*>(place + layout_.key_scales),
                    reinterpret_cast<const float*>(place + layout_.value_scales),
                    dim_,
                    kv_scale_blocks(head_dim_)};
        }
    }

    const KvSource& kv_;
    const KvLayout layout_;
    const int head_dim_, dim_;
    KvTile<Element> tiles_[kAttendColumns / kKvTile];
};

template <typename Element>
constexpr bool kScaled = std::is_same_v<Element, std::int8_t>;

template <class S>
inline typename S::F load_element(const float* p) {
    return S::load(p);
}
template <class S>
inline typename S::F load_element(const std::uint16_t* p) {
    return S::load_f16(p);
}
template <class S>
inline typename S::F load_element(const std::int8_t* p) {
    return S::load_i8(p);
}

/// Of feature `d` of the keys of S::kLanes positions from `first` on.
template <class S, typename Element>
inline typename S::F key_scale(const KvTile<Element>& tile, int d, int first) {
    if constexpr (kScaled<Element>) return S::load(tile.key_scales + d / kKvScaleFeatures * kKvTile + first);
    return S::set1(1.0f);
}

/// S::kLanes features from `d` on of a position's values.
template <class S, typename Element>
inline typename S::F load_values(const KvTile<Element>& tile, int position, int d) {
    const typename S::F value = load_element<S>(tile.values + position * tile.dim + d);
    if constexpr (kScaled<Element>)
        return S::mul(value, S::set1(tile.value_scales[position * tile.scale_blocks + d / kKvScaleFeatures]));
    return value;
}

/// Tiles of positions, or blocks of dimensions, that are computed side by side for kRows rows: a sum waits for its own
/// last addition, so that a dozen of them are needed to keep the multipliers busy.
template <class S, int kRows>
constexpr int kAbreast = std::clamp(12 / (kRows * (16 / S::kLanes)), 1, 4);

/// scores[r][16 i + 0..15] of kRows query rows against kTiles tiles, of the features [begin, end): all of them, or
/// those of one scale after the other, which is then multiplied in only once.
template <class S, int kRows, int kTiles, typename Element>
inline void score_features(const float* q, int head_dim, int begin, int end, const KvTile<Element>* tiles,
                           float* scores) {
    constexpr int kVectors = kKvTile / S::kLanes;
    typename S::F total[kRows][kTiles * kVectors];
    HEARTH_UNROLL
    for (int r = 0; r < kRows; ++r) {
        HEARTH_UNROLL
        for (int v = 0; v < kTiles * kVectors; ++v) total[r][v] = S::zero();
    }
    for (int d = begin; d < end; ++d) {
        typename S::F k[kTiles * kVectors];
        HEARTH_UNROLL
        for (int v = 0; v < kTiles * kVectors; ++v)
            k[v] = load_element<S>(tiles[v / kVectors].keys + d * kKvTile + v % kVectors * S::kLanes);
        HEARTH_UNROLL
        for (int r = 0; r < kRows; ++r) {
            const typename S::F x = S::set1(q[r * head_dim + d]);
            HEARTH_UNROLL
            for (int v = 0; v < kTiles * kVectors; ++v) total[r][v] = S::fma(x, k[v], total[r][v]);
        }
    }
    HEARTH_UNROLL
    for (int v = 0; v < kTiles * kVectors; ++v) {
        const typename S::F scale = key_scale<S>(tiles[v / kVectors], begin, v % kVectors * S::kLanes);
        HEARTH_UNROLL
        for (int r = 0; r < kRows; ++r) {
            float* sum = scores + r * kAttendColumns + v * S::kLanes;
            if constexpr (kScaled<Element>)
                S::store(sum, begin == 0 ? S::mul(total[r][v], scale) : S::fma(total[r][v], scale, S::load(sum)));
            else
                S::store(sum, total[r][v]);
        }
    }
}

template <class S, int kRows, int kTiles, typename Element>
inline void score_tiles(const float* q, int head_dim, const KvTile<Element>* tiles, float* scores) {
    const int part = kScaled<Element> ? kKvScaleFeatures : head_dim;
    for (int d = 0; d < head_dim; d += part)
        score_features<S, kRows, kTiles>(q, head_dim, d, std::min(d + part, head_dim), tiles, scores);
}

template <class S, int kRows, typename Element>
inline void score_rows(const float* q, int head_dim, const KvTile<Element>* tiles, int count, float* scores) {
    constexpr int kTiles = kAbreast<S, kRows>;
    int i = 0;
    for (; i + kTiles <= count; i += kTiles)
        score_tiles<S, kRows, kTiles>(q, head_dim, tiles + i, scores + i * kKvTile);
    if constexpr (kTiles > 1) {
        for (; i < count; ++i) score_tiles<S, kRows, 1>(q, head_dim, tiles + i, scores + i * kKvTile);
    }
}

/// out[r][first .. first + 16 kBlocks - 1] += sum over `positions` of weights[r][t] * values[t][the same].
template <class S, int kRows, int kBlocks, typename Element>
inline void mix_blocks(const float* weights, int positions, const KvTile<Element>& tile, int first, float* out) {
    const int dim = tile.dim;
    out += first;
    constexpr int kVectors = kBlocks * 16 / S::kLanes;
    typename S::F total[kRows][kVectors];
    HEARTH_UNROLL
    for (int r = 0; r < kRows; ++r) {
        HEARTH_UNROLL
        for (int v = 0; v < kVectors; ++v) total[r][v] = S::load(out + r * dim + v * S::kLanes);
    }
    for (int t = 0; t < positions; ++t) {
        typename S::F x[kVectors];
        HEARTH_UNROLL
        for (int v = 0; v < kVectors; ++v) x[v] = load_values<S>(tile, t, first + v * S::kLanes);
        HEARTH_UNROLL
        for (int r = 0; r < kRows; ++r) {
            const typename S::F p = S::set1(weights[r * kAttendColumns + t]);
            HEARTH_UNROLL
            for (int v = 0; v < kVectors; ++v) total[r][v] = S::fma(p, x[v], total[r][v]);
        }
    }
    HEARTH_UNROLL
    for (int r = 0; r < kRows; ++r) {
        HEARTH_UNROLL
        for (int v = 0; v < kVectors; ++v) S::store(out + r * dim + v * S::kLanes, total[r][v]);
    }
}

template <class S, int kRows, typename Element>
inline void mix_rows(const float* weights, int positions, const KvTile<Element>& tile, float* out) {
    constexpr int kBlocks = kAbreast<S, kRows>;
    int d = 0;
    for (; d + 16 * kBlocks <= tile.dim; d += 16 * kBlocks)
        mix_blocks<S, kRows, kBlocks>(weights, positions, tile, d, out);
    if constexpr (kBlocks > 1) {
        for (; d < tile.dim; d += 16) mix_blocks<S, kRows, 1>(weights, positions, tile, d, out);
    }
}

/// Calls op(integral row count, first row) for rows in parts of at most 6: what 16 registers hold.
template <typename Op>
inline void in_row_parts(int rows, const Op& op) {
    int r = 0;
    for (; rows - r >= 6 && rows - r != 7; r += 6) op(std::integral_constant<int, 6>{}, r);
    for (; rows - r >= 4; r += 4) op(std::integral_constant<int, 4>{}, r);
    if (rows - r == 3) op(std::integral_constant<int, 3>{}, r);
    if (rows - r == 2) op(std::integral_constant<int, 2>{}, r);
    if (rows - r == 1) op(std::integral_constant<int, 1>{}, r);
}

template <class S>
inline float first_lane(typename S::F a) {
    float lanes[S::kLanes];
    S::store(lanes, a);
    return lanes[0];
}

/// Below every score, and finite: exp() wants that.
constexpr float kUnseen = -1e30f;

/// Turns one row's scores of the `columns` positions from `begin` on into weights exp(score - top) and rescales what
/// the row has so far. Positions that it does not see get weight 0.
template <class S>
inline void soften_row(const AttendTile& t, int r, std::int64_t begin, int columns, int dim) {
    float* s = t.scores + r * kAttendColumns;
    const int padded = (columns + kKvTile - 1) / kKvTile * kKvTile;
    const int seen = static_cast<int>(std::min<std::int64_t>(t.lengths[r] - begin, columns));
    const int hidden =
        t.starts == nullptr ? 0 : static_cast<int>(std::clamp<std::int64_t>(t.starts[r] - begin, 0, padded));
    if (seen <= hidden) {
        std::fill(s, s + padded, 0.0f);
        return;
    }
    if (t.soft_cap > 0) {
        for (int i = 0; i < padded; i += S::kLanes) S::store(s + i, soft_capped<S>(S::load(s + i), t.soft_cap));
    }
    std::fill(s, s + hidden, kUnseen);
    std::fill(s + seen, s + padded, kUnseen);
    typename S::F most = S::load(s);
    for (int i = S::kLanes; i < padded; i += S::kLanes) most = S::max(most, S::load(s + i));
    const float top = S::highest(most);
    const float before = t.result.top[r];
    const float now = top > before ? top : before;
    typename S::F total = S::zero();
    for (int i = 0; i < padded; i += S::kLanes) {
        const typename S::F e = exp<S>(S::sub(S::load(s + i), S::set1(now)));
        S::store(s + i, e);
        total = S::add(total, e);
    }
    std::fill(s, s + hidden, 0.0f);
    std::fill(s + seen, s + padded, 0.0f);
    if (now != before && before != -INFINITY) {
        const typename S::F shrink = exp<S>(S::set1(before - now));
        t.result.total[r] *= first_lane<S>(shrink);
        for (int d = 0; d < dim; d += S::kLanes)
            S::store(t.result.out + r * dim + d, S::mul(S::load(t.result.out + r * dim + d), shrink));
    }
    t.result.top[r] = now;
    t.result.total[r] += S::sum(total);
}

inline void begin_attention(const AttendTile& t, int dim) {
    for (int r = 0; r < t.rows; ++r) {
        t.result.top[r] = -INFINITY;
        t.result.total[r] = 0.0f;
    }
    std::memset(t.result.out, 0, sizeof(float) * static_cast<std::size_t>(t.rows * dim));
}

template <class S, typename Element>
void attend_elements(const AttendTile& t) {
    const int dim = padded_dim(t.head_dim);
    begin_attention(t, dim);
    KvTiles<Element> tiles(t.kv, t.head_dim);
    for (std::int64_t begin = t.begin; begin < t.end; begin += kAttendColumns) {
        const std::int64_t left = t.end - begin;
        const int columns = static_cast<int>(left < kAttendColumns ? left : kAttendColumns);
        const int count = tiles.find(begin, columns);
        in_row_parts(t.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int r) {
            score_rows<S, kRows>(t.q + r * t.head_dim, t.head_dim, tiles.get(), count, t.scores + r * kAttendColumns);
        });
        for (int r = 0; r < t.rows; ++r) soften_row<S>(t, r, begin, columns, dim);
        for (int c = 0; c < columns; c += kKvTile) {
            const int positions = columns - c < kKvTile ? columns - c : kKvTile;
            in_row_parts(t.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int r) {
                mix_rows<S, kRows>(t.scores + r * kAttendColumns + c, positions, tiles[c / kKvTile],
                                   t.result.out + r * dim);
            });
        }
    }
}

template <class S>
void fold(const AttendResult& into, const AttendResult& part, int rows, int head_dim) {
    const int dim = padded_dim(head_dim);
    for (int r = 0; r < rows; ++r) {
        if (part.top[r] == -INFINITY) continue;
        if (into.top[r] == -INFINITY) {
            into.top[r] = part.top[r];
            into.total[r] = part.total[r];
            std::memcpy(into.out + r * dim, part.out + r * dim, sizeof(float) * static_cast<std::size_t>(dim));
            continue;
        }
        const float top = into.top[r] > part.top[r] ? into.top[r] : part.top[r];
        const typename S::F keep = exp<S>(S::set1(into.top[r] - top)), take = exp<S>(S::set1(part.top[r] - top));
        float* out = into.out + r * dim;
        for (int d = 0; d < dim; d += S::kLanes)
            S::store(out + d, S::fma(keep, S::load(out + d), S::mul(take, S::load(part.out + r * dim + d))));
        into.total[r] = first_lane<S>(keep) * into.total[r] + first_lane<S>(take) * part.total[r];
        into.top[r] = top;
    }
}

/// op(a value of the type that keys and values have).
template <typename Op>
inline void with_element(const KvSource& kv, const Op& op) {
    if (kv.blocks == nullptr) return op(float{});
    if (kv.format == KvFormat::kInt8) return op(std::int8_t{});
    op(std::uint16_t{});
}

template <class S>
void attend(const AttendTile& t) {
    with_element(t.kv, [&]<typename Element>(Element) { attend_elements<S, Element>(t); });
}

template <class S>
void store_halves(const float* k, const float* v, int head_dim, int slot, std::byte* place) {
    const int dim = padded_dim(head_dim);
    auto* key = reinterpret_cast<std::uint16_t*>(place) + slot;
    auto* value = reinterpret_cast<std::uint16_t*>(place + kv_layout(KvFormat::kFull, head_dim).values) + slot * dim;
    for (int d = 0; d < dim; d += S::kLanes) {
        float k_lanes[S::kLanes] = {}, v_lanes[S::kLanes] = {};
        const int left = head_dim - d < S::kLanes ? head_dim - d : S::kLanes;
        if (left > 0) {
            std::memcpy(k_lanes, k + d, sizeof(float) * static_cast<std::size_t>(left));
            std::memcpy(v_lanes, v + d, sizeof(float) * static_cast<std::size_t>(left));
        }
        std::uint16_t halves[S::kLanes];
        S::store_f16(halves, S::load(k_lanes));
        for (int i = 0; i < left; ++i) key[(d + i) * kKvTile] = halves[i];
        S::store_f16(value + d, S::load(v_lanes));
    }
}

template <class S>
void store_bytes(const float* k, const float* v, int head_dim, int slot, std::byte* place) {
    const int dim = padded_dim(head_dim), blocks = kv_scale_blocks(head_dim);
    const KvLayout layout = kv_layout(KvFormat::kInt8, head_dim);
    auto* key = reinterpret_cast<std::int8_t*>(place) + slot;
    auto* value = reinterpret_cast<std::int8_t*>(place + layout.values) + slot * dim;
    auto* key_scales = reinterpret_cast<float*>(place + layout.key_scales) + slot;
    auto* value_scales = reinterpret_cast<float*>(place + layout.value_scales) + slot * blocks;
    for (int b = 0; b < blocks; ++b) {
        const int d = b * kKvScaleFeatures;
        const int left = std::min(kKvScaleFeatures, head_dim - d), stored = std::min(kKvScaleFeatures, dim - d);
        float lanes[kKvScaleFeatures] = {};
        std::int8_t quants[kKvScaleFeatures];
        std::memcpy(lanes, k + d, sizeof(float) * static_cast<std::size_t>(left));
        key_scales[b * kKvTile] = S::quantize_block(lanes, quants);
        for (int i = 0; i < left; ++i) key[(d + i) * kKvTile] = quants[i];
        std::memcpy(lanes, v + d, sizeof(float) * static_cast<std::size_t>(left));
        value_scales[b] = S::quantize_block(lanes, quants);
        std::memcpy(value + d, quants, static_cast<std::size_t>(stored));
    }
}

template <class S>
void store_kv(const float* k, const float* v, int head_dim, int slot, KvFormat format, std::byte* place) {
    if (format == KvFormat::kInt8) return store_bytes<S>(k, v, head_dim, slot, place);
    store_halves<S>(k, v, head_dim, slot, place);
}

}  // namespace
}  // namespace hearth::llm::cpu
