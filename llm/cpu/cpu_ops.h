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
    /// Every context is cut at multiples of this and the parts folded in order, whatever the number of new tokens or
    /// threads: a token's result does not depend on what it was batched with.
    static constexpr std::int64_t kPartPositions = 256;

    CpuOps(const KernelTable& kernels, int threads);

    std::string isa() const override { return kernels_.name; }
    int threads() const override { return pool_.threads(); }

    std::size_t weight_bytes(const MatrixView& matrix) const override { return packed_bytes(matrix, kernels_.lanes); }
    Result<std::unique_ptr<Weight>> load(const MatrixView& matrix) override;
    bool phases_differ() const override { return kernels_.tiles != nullptr; }
    void read(std::span<const std::byte> bytes) override;
    void side_by_side(std::int64_t count, const std::function<void(Ops&, std::int64_t, int)>& body) override;
    using Ops::matmul;
    void matmul(std::span<const MatmulBatch> batches, Phase phase) override;
    Result<std::unique_ptr<Weight>> load_table(const MatrixView& matrix) override;
    void gather_rows(const Weight& table, std::span<const std::int32_t> ids, float* out) override;
    void rms_norm(const float* x, const float* weight, std::int64_t n, std::int64_t dim, float epsilon,
                  float* y) override;
    void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t n, std::int64_t dim,
                    float epsilon, float* y) override;
    void rope(const RopeArgs& args) override;
    std::size_t kv_block_bytes(int kv_heads, int head_dim, KvFormat format) const override;
    void kv_store(const KvStoreArgs& args) override;
    void attention(const AttentionArgs& args) override;
    void encoder_attention(const EncoderAttentionArgs& args) override;
    void glu(float* gate, const float* up, std::int64_t count, Gate activation) override;
    void soft_cap(float* x, std::int64_t count, float cap) override;
    void add(float* x, const float* y, std::int64_t count) override;
    void scale(float* x, const float* factors, std::int64_t n, std::int64_t dim) override;
    void mix(const MixArgs& args) override;

  private:
    /// Activations of one matmul call in the form some weights read.
    struct Groups {
        Buffer buffer;
        std::size_t group_bytes = 0;
        std::vector<std::int64_t> firsts;  ///< of each batch, counted over the call; then their number
    };
    /// A task of a matmul call, cut into chunks of so many panels.
    struct Cut {
        std::size_t batch;
        const MatmulTask* task;
        std::int64_t panels_per_chunk;
        std::int64_t first_chunk;  ///< counted over the call
    };
    /// A tile of query rows: some new tokens of one sequence, for the query heads of one kv head.
    struct AttendItem {
        std::byte* const* blocks;
        int kv_head;
        std::int64_t first_row;  ///< in the batch
        std::int64_t tokens;
        std::int64_t first_position;
        Phase phase;
        std::int64_t first_visible;  ///< position, to its first token
        std::int64_t first_part;     ///< counted over all items of the call
        std::int64_t parts() const;
    };

    /// Of some positions: [position][head_dim / 2].
    struct RopeTable {
        std::vector<std::int32_t> positions;
        std::vector<float> frequencies, cosines, sines;
        bool is_of(const RopeArgs& args) const;
    };

    enum class GroupKind { kQuantised, kFloat, kPairs, kTiles };
    static constexpr std::size_t kGroupKinds = 4;
    struct GroupForm {
        int tokens = 0;
        std::size_t bytes = 0;
        void (*fill)(const float* x, int tokens, std::int64_t cols, std::byte* group) = nullptr;
    };
    GroupKind group_kind(PackedKind kind, Phase phase) const;
    GroupForm group_form(GroupKind kind, std::int64_t cols) const;
    void prepare_groups(std::span<const MatmulBatch> batches, std::int64_t cols, GroupKind kind);
    /// Fills cuts_. Returns the number of chunks.
    std::int64_t cut(std::span<const MatmulBatch> batches, Phase phase);
    void multiply_chunk(std::span<const MatmulBatch> batches, std::int64_t chunk, Phase phase, int thread);

    const RopeTable& rope_table(const RopeArgs& args);
    void attend(const AttendTile& tile, Phase phase) const;
    std::int64_t plan_attention(const AttentionArgs& args);
    void attend_by_parts(const AttentionArgs& args, std::int64_t total_parts);
    void attend_part(const AttentionArgs& args, const AttendItem& item, std::int64_t part, int thread, float* result);
    void write_item(const AttentionArgs& args, const AttendItem& item, float* result) const;
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
    std::vector<std::unique_ptr<CpuOps>> lanes_;  // one for each thread, from the first side_by_side() on
    PageArena arena_;
    Groups groups_[kGroupKinds];
    std::vector<Cut> cuts_;
    std::vector<Buffer> thread_scratch_;
    std::vector<AttendItem> attend_items_;
    Buffer parts_;
    RopeTable rope_tables_[2];  // models have one set of frequencies, or another for layers with a window
    std::size_t oldest_rope_table_ = 0;
};

}  // namespace hearth::llm::cpu
