// The fast Ops: schedules the kernels of one instruction set over a thread pool.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "llm/cpu/buffer.h"
#include "llm/cpu/kernels.h"
#include "llm/cpu/packed.h"
#include "llm/cpu/thread_pool.h"
#include "llm/ops.h"

namespace hearth::llm::cpu {

class CpuOps final : public Ops {
  public:
    CpuOps(const KernelTable& kernels, int threads);

    std::string isa() const override { return kernels_.name; }
    int threads() const override { return pool_.threads(); }

    std::size_t weight_bytes(const MatrixView& matrix) const override { return packed_bytes(matrix, kernels_.lanes); }
    Result<std::unique_ptr<Weight>> load(const MatrixView& matrix) override;
    void matmul(const float* x, std::int64_t n, std::span<const MatmulTask> tasks) override;
    void gather_rows(const MatrixView& matrix, std::span<const std::int32_t> ids, float* out) override;
    void rms_norm(const float* x, const float* weight, std::int64_t n, std::int64_t dim, float epsilon,
                  float* y) override;
    void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t n, std::int64_t dim,
                    float epsilon, float* y) override;
    void rope(const RopeArgs& args) override;
    std::size_t kv_block_bytes(int kv_heads, int head_dim) const override;
    void kv_store(const KvStoreArgs& args) override;
    void attention(const AttentionArgs& args) override;
    void encoder_attention(const EncoderAttentionArgs& args) override;
    void swiglu(float* gate, const float* up, std::int64_t count) override;
    void gelu(float* x, std::int64_t count) override;
    void add(float* x, const float* y, std::int64_t count) override;

  private:
    /// Activations of one matmul call in the form some weights read.
    struct Groups {
        Buffer buffer;
        std::size_t group_bytes = 0;
    };
    struct AttendPlan;

    enum class GroupKind { kQuantised, kFloat, kPairs };
    static constexpr std::size_t kGroupKinds = 3;
    static GroupKind group_kind(PackedKind kind) {
        if (is_pairs(kind)) return GroupKind::kPairs;
        return is_float(kind) ? GroupKind::kFloat : GroupKind::kQuantised;
    }

    void prepare_groups(const float* x, std::int64_t n, std::int64_t cols, GroupKind kind);
    void fill_rope_table(const RopeArgs& args);
    void attend_part(const AttentionArgs& args, const AttendPlan& plan, int kv_head, std::int64_t first,
                     std::int64_t part, int thread, float* result);
    static void write_tile(const AttentionArgs& args, const AttendPlan& plan, int kv_head, std::int64_t first,
                           const float* result);
    void encode_head(const EncoderAttentionArgs& args, std::int64_t sequence, int head, int thread);
    /// body(first row, rows) over chunks of rows, in parallel when there is enough to share.
    template <typename Body>
    void for_rows(std::int64_t n, std::int64_t dim, const Body& body) {
        const std::int64_t rows = dim < kChunkElements ? kChunkElements / (dim > 0 ? dim : 1) : 1;
        pool_.parallel_for((n + rows - 1) / rows, [&](std::int64_t chunk, int) {
            const std::int64_t first = chunk * rows;
            body(first, n - first < rows ? n - first : rows);
        });
    }

    /// Less work than this per chunk costs more to hand out than to do.
    static constexpr std::int64_t kChunkElements = 8192;

    const KernelTable& kernels_;
    ThreadPool pool_;
    Groups groups_[kGroupKinds];
    std::vector<Buffer> thread_scratch_;
    Buffer parts_;
    std::vector<std::int32_t> rope_positions_;
    std::vector<float> rope_frequencies_;
    std::vector<float> rope_cosines_;
    std::vector<float> rope_sines_;
};

}  // namespace hearth::llm::cpu
