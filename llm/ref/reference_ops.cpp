// The oracle: each operation as its formula, one thread, sums in double. Weights stay as the file stores them and are
// dequantised row by row.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "core/check.h"
#include "llm/ops.h"

namespace hearth::llm {
namespace {

class BorrowedWeight : public Weight {
  public:
    explicit BorrowedWeight(const MatrixView& view) : view_(view) {}
    std::int64_t rows() const override { return view_.rows; }
    std::int64_t cols() const override { return view_.cols; }
    std::size_t owned_bytes() const override { return 0; }
    std::span<const std::byte> bytes() const override { return view_.bytes; }

    void read_row(std::int64_t row, float* out) const {
        const DTypeGeometry shape = geometry(view_.type);
        const std::size_t row_bytes = static_cast<std::size_t>(view_.cols / shape.block) * shape.bytes;
        dequantize(view_.type, view_.bytes.data() + static_cast<std::size_t>(row) * row_bytes, view_.cols, out);
    }

  private:
    MatrixView view_;
};

double dot(const float* a, const float* b, std::int64_t count) {
    double sums[4] = {};  // four chains instead of one: a single chain waits for each addition
    std::int64_t i = 0;
    for (; i + 4 <= count; i += 4)
        for (int lane = 0; lane < 4; ++lane)
            sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    for (; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
}

float activated(double x, Activation activation) {
    if (activation == Activation::kGelu) x *= 0.5 * (1.0 + std::erf(x * 0.70710678118654752440));
    return static_cast<float>(x);
}

/// Scores to weights that sum to 1, in place.
void softmax(std::vector<double>& scores) {
    const double highest = *std::max_element(scores.begin(), scores.end());
    double total = 0;
    for (double& score : scores) total += score = std::exp(score - highest);
    for (double& score : scores) score /= total;
}

/// KV block layout: keys [kv_heads][16][head_dim], then values in the same shape, float32.
float* kv_slot(const KvRows& sequence, std::int64_t position, int kv_heads, int head_dim, int kv_head, bool value) {
    float* block = reinterpret_cast<float*>(sequence.blocks[position / kKvBlockTokens]);
    const std::int64_t half = static_cast<std::int64_t>(kv_heads) * kKvBlockTokens * head_dim;
    const std::int64_t slot = kv_head * kKvBlockTokens + position % kKvBlockTokens;
    return block + (value ? half : 0) + slot * head_dim;
}

/// To what 8-bit integers and a scale for each kKvScaleFeatures values would keep.
void round_to_int8(float* x, int count) {
    for (int first = 0; first < count; first += kKvScaleFeatures) {
        const int end = std::min(count, first + kKvScaleFeatures);
        float top = 0;
        for (int i = first; i < end; ++i) top = std::max(top, std::fabs(x[i]));
        const double scale = top / 127.0;
        for (int i = first; i < end && top > 0; ++i) x[i] = static_cast<float>(std::nearbyint(x[i] / scale) * scale);
    }
}

class ReferenceOps : public Ops {
  public:
    std::string isa() const override { return "reference"; }
    int threads() const override { return 1; }

    std::size_t weight_bytes(const MatrixView&) const override { return 0; }

    Result<std::unique_ptr<Weight>> load(const MatrixView& matrix) override {
        const DTypeGeometry shape = geometry(matrix.type);
        if (shape.bytes == 0) return Error(ErrorCode::kUnsupported, "unknown tensor type");
        HEARTH_CHECK(matrix.cols % shape.block == 0);
        HEARTH_CHECK(matrix.bytes.size() == static_cast<std::size_t>(matrix.rows) *
                                                static_cast<std::size_t>(matrix.cols / shape.block) * shape.bytes);
        return std::unique_ptr<Weight>(std::make_unique<BorrowedWeight>(matrix));
    }

    Result<std::unique_ptr<Weight>> load_table(const MatrixView& matrix) override { return load(matrix); }

    bool phases_differ() const override { return false; }

    void read(std::span<const std::byte> bytes) override {
        for (const std::byte b : bytes) read_ = b;
    }

    void side_by_side(std::int64_t count, const std::function<void(Ops&, std::int64_t, int)>& body) override {
        for (std::int64_t i = 0; i < count; ++i) body(*this, i, 0);
    }

    void matmul(std::span<const MatmulBatch> batches, Phase) override {
        for (const MatmulBatch& batch : batches) {
            for (const MatmulTask& task : batch.tasks) multiply(batch.x, batch.n, task);
        }
    }

    void gather_rows(const Weight& table, std::span<const std::int32_t> ids, float* out) override {
        for (const std::int32_t id : ids) {
            HEARTH_CHECK(id >= 0 && id < table.rows());
            static_cast<const BorrowedWeight&>(table).read_row(id, out);
            out += table.cols();
        }
    }

    void rms_norm(const float* x, const float* weight, std::int64_t n, std::int64_t dim, float epsilon,
                  float* y) override {
        for (std::int64_t row = 0; row < n; ++row, x += dim, y += dim) {
            const double mean_square = dot(x, x, dim) / static_cast<double>(dim);
            const double scale = 1.0 / std::sqrt(mean_square + epsilon);
            for (std::int64_t i = 0; i < dim; ++i) y[i] = static_cast<float>(x[i] * scale) * weight[i];
        }
    }

    void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t n, std::int64_t dim,
                    float epsilon, float* y) override {
        for (std::int64_t row = 0; row < n; ++row, x += dim, y += dim) {
            double mean = 0;
            for (std::int64_t i = 0; i < dim; ++i) mean += x[i];
            mean /= static_cast<double>(dim);
            double variance = 0;
            for (std::int64_t i = 0; i < dim; ++i) variance += (x[i] - mean) * (x[i] - mean);
            const double scale = 1.0 / std::sqrt(variance / static_cast<double>(dim) + epsilon);
            for (std::int64_t i = 0; i < dim; ++i) {
                y[i] = static_cast<float>((x[i] - mean) * scale) * weight[i] + bias[i];
            }
        }
    }

    void rope(const RopeArgs& args) override {
        const int half = args.head_dim / 2;
        for (std::int64_t row = 0; row < args.n; ++row) {
            for (int head = 0; head < args.heads; ++head) {
                float* x = args.x + (row * args.heads + head) * args.head_dim;
                for (int i = 0; i < half; ++i) {
                    const double angle = static_cast<double>(args.positions[row]) * args.inverse_frequencies[i];
                    const double cosine = std::cos(angle);
                    const double sine = std::sin(angle);
                    const bool interleaved = args.style == RopeStyle::kInterleaved;
                    float& a = x[interleaved ? 2 * i : i];
                    float& b = x[interleaved ? 2 * i + 1 : i + half];
                    const double first = a * cosine - b * sine;
                    b = static_cast<float>(a * sine + b * cosine);
                    a = static_cast<float>(first);
                }
            }
        }
    }

    std::size_t kv_block_bytes(int kv_heads, int head_dim, KvFormat) const override {
        return 2 * sizeof(float) * static_cast<std::size_t>(kv_heads) * kKvBlockTokens *
               static_cast<std::size_t>(head_dim);
    }

    void kv_store(const KvStoreArgs& args) override {
        const std::size_t head_bytes = sizeof(float) * static_cast<std::size_t>(args.head_dim);
        std::int64_t from = 0;
        for (const KvRows& sequence : args.sequences) {
            for (std::int64_t row = 0; row < sequence.n; ++row) {
                for (int head = 0; head < args.kv_heads; ++head, from += args.head_dim) {
                    const std::int64_t position = sequence.first_position + row;
                    float* key = kv_slot(sequence, position, args.kv_heads, args.head_dim, head, false);
                    float* value = kv_slot(sequence, position, args.kv_heads, args.head_dim, head, true);
                    std::memcpy(key, args.k + from, head_bytes);
                    std::memcpy(value, args.v + from, head_bytes);
                    if (args.format != KvFormat::kInt8) continue;
                    round_to_int8(key, args.head_dim);
                    round_to_int8(value, args.head_dim);
                }
            }
        }
    }

    void attention(const AttentionArgs& args) override {
        const int group = args.heads / args.kv_heads;
        std::int64_t place = 0;
        for (const KvRows& sequence : args.sequences) {
            for (std::int64_t row = 0; row < sequence.n; ++row) {
                const std::int64_t visible = sequence.first_position + row + 1;
                const std::int64_t first =
                    args.rule.window > 0 ? std::max<std::int64_t>(0, visible - args.rule.window) : 0;
                for (int head = 0; head < args.heads; ++head, place += args.head_dim) {
                    const auto at = [&](std::int64_t position, bool value) {
                        return kv_slot(sequence, first + position, args.kv_heads, args.head_dim, head / group, value);
                    };
                    attend(args.q + place, args.head_dim, visible - first, args.out + place, at, args.rule);
                }
            }
        }
    }

    void encoder_attention(const EncoderAttentionArgs& args) override {
        const std::int64_t width = static_cast<std::int64_t>(args.heads) * args.head_dim;
        for (std::size_t s = 0; s + 1 < args.sequence_starts.size(); ++s) {
            const std::int64_t begin = args.sequence_starts[s];
            const std::int64_t end = args.sequence_starts[s + 1];
            for (std::int64_t row = begin; row < end; ++row) {
                for (int head = 0; head < args.heads; ++head) {
                    const std::int64_t column = static_cast<std::int64_t>(head) * args.head_dim;
                    attend(args.q + row * width + column, args.head_dim, end - begin, args.out + row * width + column,
                           [&](std::int64_t position, bool value) {
                               return (value ? args.v : args.k) + (begin + position) * width + column;
                           },
                           {});
                }
            }
        }
    }

    void glu(float* gate, const float* up, std::int64_t count, Gate activation) override {
        for (std::int64_t i = 0; i < count; ++i) {
            const double x = gate[i];
            const double u =
                activation == Gate::kSilu ? x : std::sqrt(8.0 / std::numbers::pi) * (x + 0.044715 * x * x * x);
            gate[i] = static_cast<float>(x / (1.0 + std::exp(-u)) * up[i]);
        }
    }

    void soft_cap(float* x, std::int64_t count, float cap) override {
        for (std::int64_t i = 0; i < count; ++i) x[i] = static_cast<float>(cap * std::tanh(double{x[i]} / cap));
    }

    void add(float* x, const float* y, std::int64_t count) override {
        for (std::int64_t i = 0; i < count; ++i) x[i] += y[i];
    }

    void scale(float* x, const float* factors, std::int64_t n, std::int64_t dim) override {
        for (std::int64_t i = 0; i < n * dim; ++i) x[i] *= factors[i % dim];
    }

    void mix(const MixArgs& args) override {
        for (std::int64_t token = 0; token < args.n; ++token) {
            for (std::int64_t i = 0; i < args.dim; ++i) {
                double sum = args.out[token * args.dim + i];
                for (std::int64_t j = token * args.per_token; j < (token + 1) * args.per_token; ++j)
                    sum += static_cast<double>(args.shares[j]) * args.rows[args.places[j] * args.dim + i];
                args.out[token * args.dim + i] = static_cast<float>(sum);
            }
        }
    }

  private:
    void multiply(const float* x, std::int64_t n, const MatmulTask& task) {
        const auto& weight = static_cast<const BorrowedWeight&>(*task.weight);
        row_.resize(static_cast<std::size_t>(weight.cols()));
        for (std::int64_t row = 0; row < weight.rows(); ++row) {
            weight.read_row(row, row_.data());
            const double bias = task.bias == nullptr ? 0.0 : task.bias[row];
            for (std::int64_t i = 0; i < n; ++i) {
                const double sum = dot(row_.data(), x + i * weight.cols(), weight.cols());
                task.y[i * weight.rows() + row] = activated(sum + bias, task.activation);
            }
        }
    }

    /// One query over `count` positions; `at(position, value)` yields a key or a value vector.
    template <typename At>
    void attend(const float* q, int head_dim, std::int64_t count, float* out, At at, const ScoreRule& rule) {
        scores_.resize(static_cast<std::size_t>(count));
        const double scale = rule.scale > 0 ? rule.scale : 1.0 / std::sqrt(static_cast<double>(head_dim));
        for (std::int64_t p = 0; p < count; ++p) {
            const double score = scale * dot(q, at(p, false), head_dim);
            scores_[static_cast<std::size_t>(p)] =
                rule.soft_cap > 0 ? rule.soft_cap * std::tanh(score / rule.soft_cap) : score;
        }
        softmax(scores_);
        sums_.assign(static_cast<std::size_t>(head_dim), 0.0);
        for (std::int64_t p = 0; p < count; ++p) {
            const float* value = at(p, true);
            for (int i = 0; i < head_dim; ++i)
                sums_[static_cast<std::size_t>(i)] += scores_[static_cast<std::size_t>(p)] * value[i];
        }
        for (int i = 0; i < head_dim; ++i) out[i] = static_cast<float>(sums_[static_cast<std::size_t>(i)]);
    }

    volatile std::byte read_{};
    std::vector<float> row_;
    std::vector<double> scores_;
    std::vector<double> sums_;
};

}  // namespace

std::unique_ptr<Ops> make_reference_ops() {
    return std::make_unique<ReferenceOps>();
}

}  // namespace hearth::llm
