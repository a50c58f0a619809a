#include "llm/cpu/cpu_ops.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/check.h"
#include "core/cpu.h"

namespace hearth::llm {
namespace cpu {
namespace {

/// Weight bytes one chunk of a decode step reads: short enough to share evenly, long enough to stream.
constexpr std::size_t kChunkWeightBytes = 64 << 10;
/// Chunks per thread a large matmul is cut into, so that a slowed thread takes fewer of them.
constexpr std::int64_t kChunksPerThread = 6;
/// In tile registers the more panels a chunk has, the less often the tokens are read again from beyond the second-level
/// cache, which holds the sums of so many.
constexpr std::int64_t kTileChunksPerThread = 2;
constexpr std::int64_t kMostTilePanels = 16;

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

const PackedMatrix& packed(const MatmulTask& task) {
    return static_cast<const PackedMatrix&>(*task.weight);
}

/// Rows as the file stores them, for gathering only.
class BorrowedTable final : public CpuWeight {
  public:
    explicit BorrowedTable(const MatrixView& view) : view_(view) {}
    std::int64_t rows() const override { return view_.rows; }
    std::int64_t cols() const override { return view_.cols; }
    std::size_t owned_bytes() const override { return 0; }
    std::span<const std::byte> bytes() const override { return view_.bytes; }
    void read_row(std::int64_t row, float* out) const override {
        const DTypeGeometry g = geometry(view_.type);
        const std::size_t row_bytes = static_cast<std::size_t>(view_.cols / g.block) * g.bytes;
        dequantize(view_.type, view_.bytes.data() + static_cast<std::size_t>(row) * row_bytes, view_.cols, out);
    }

  private:
    MatrixView view_;
};

/// Panels one chunk of `weight` takes: an even number, because the kernels work on two at a time.
std::int64_t panels_per_chunk(const PackedMatrix& weight, std::int64_t total_panels, int threads, bool tiles) {
    if (tiles) {
        const std::int64_t by_share = divide_up(total_panels, kTileChunksPerThread * threads);
        return std::clamp<std::int64_t>(divide_up(by_share, 2) * 2, 2, kMostTilePanels);
    }
    const auto by_bytes = static_cast<std::int64_t>(kChunkWeightBytes / weight.layout().panel_bytes);
    const std::int64_t by_share = divide_up(total_panels, kChunksPerThread * threads);
    return std::max<std::int64_t>(2, std::min(by_bytes, by_share) / 2 * 2);
}

}  // namespace

CpuOps::CpuOps(const KernelTable& kernels, int threads)
    : kernels_(kernels), pool_(threads), thread_scratch_(static_cast<std::size_t>(threads)) {}

Result<std::unique_ptr<Weight>> CpuOps::load(const MatrixView& matrix) {
    return pack(matrix, kernels_, arena_, pool_);
}

Result<std::unique_ptr<Weight>> CpuOps::load_table(const MatrixView& matrix) {
    const DTypeGeometry g = geometry(matrix.type);
    if (g.bytes == 0) return Error(ErrorCode::kUnsupported, "the CPU backend cannot read tensors of this type");
    HEARTH_CHECK(matrix.cols % g.block == 0);
    return std::unique_ptr<Weight>(std::make_unique<BorrowedTable>(matrix));
}

CpuOps::GroupKind CpuOps::group_kind(PackedKind kind, Phase phase) const {
    if (is_float(kind) && !is_pairs(kind)) return GroupKind::kFloat;
    if (kernels_.tiles != nullptr && phase == Phase::kPrefill) return GroupKind::kTiles;
    return is_pairs(kind) ? GroupKind::kPairs : GroupKind::kQuantised;
}

CpuOps::GroupForm CpuOps::group_form(GroupKind kind, std::int64_t cols) const {
    switch (kind) {
        case GroupKind::kQuantised:
            return {kGroupColumns, quantised_group_bytes(cols), kernels_.quantise_group};
        case GroupKind::kFloat:
            return {kGroupColumns, float_group_bytes(cols), kernels_.float_group};
        case GroupKind::kPairs:
            return {kGroupColumns, pair_group_bytes(cols), kernels_.pair_group};
        case GroupKind::kTiles:
            return {kTileGroupTokens, tile_group_bytes(cols), kernels_.tiles->group};
    }
    return {};
}

void CpuOps::prepare_groups(std::span<const MatmulBatch> batches, std::int64_t cols, GroupKind kind) {
    Groups& groups = groups_[static_cast<std::size_t>(kind)];
    const GroupForm form = group_form(kind, cols);
    groups.group_bytes = form.bytes;
    groups.firsts.assign(1, 0);
    for (const MatmulBatch& batch : batches)
        groups.firsts.push_back(groups.firsts.back() + divide_up(batch.n, form.tokens));
    groups.buffer.reserve(static_cast<std::size_t>(groups.firsts.back()) * groups.group_bytes);
    pool_.parallel_for(groups.firsts.back(), [&](std::int64_t g, int) {
        const auto after = std::upper_bound(groups.firsts.begin(), groups.firsts.end(), g);
        const MatmulBatch& batch = batches[static_cast<std::size_t>(after - groups.firsts.begin() - 1)];
        const std::int64_t first = (g - *(after - 1)) * form.tokens;
        const int tokens = static_cast<int>(std::min<std::int64_t>(form.tokens, batch.n - first));
        std::byte* out = groups.buffer.data() + static_cast<std::size_t>(g) * groups.group_bytes;
        form.fill(batch.x + first * cols, tokens, cols, out);
    });
}

std::int64_t CpuOps::cut(std::span<const MatmulBatch> batches, Phase phase) {
    cuts_.clear();
    std::int64_t total_panels = 0, chunks = 0;
    for (const MatmulBatch& batch : batches) {
        for (const MatmulTask& task : batch.tasks) total_panels += packed(task).panels();
    }
    for (std::size_t i = 0; i < batches.size(); ++i) {
        for (const MatmulTask& task : batches[i].tasks) {
            const PackedMatrix& weight = packed(task);
            const bool tiles = group_kind(weight.kind(), phase) == GroupKind::kTiles;
            const std::int64_t size = panels_per_chunk(weight, total_panels, threads(), tiles);
            cuts_.push_back({i, &task, size, chunks});
            chunks += divide_up(weight.panels(), size);
        }
    }
    return chunks;
}

void CpuOps::multiply_chunk(std::span<const MatmulBatch> batches, std::int64_t chunk, Phase phase, int thread) {
    const auto after = std::upper_bound(cuts_.begin(), cuts_.end(), chunk,
                                        [](std::int64_t place, const Cut& cut) { return place < cut.first_chunk; });
    const Cut& cut = *(after - 1);
    const MatmulTask& task = *cut.task;
    const PackedMatrix& weight = packed(task);
    const GroupKind kind = group_kind(weight.kind(), phase);
    const Groups& groups = groups_[static_cast<std::size_t>(kind)];
    const std::int64_t begin = (chunk - cut.first_chunk) * cut.panels_per_chunk;
    const std::int64_t end = std::min(begin + cut.panels_per_chunk, weight.panels());
    const std::int64_t n = batches[cut.batch].n;
    MatmulTile tile{&weight,
                    begin,
                    end,
                    groups.buffer.data() + static_cast<std::size_t>(groups.firsts[cut.batch]) * groups.group_bytes,
                    groups.group_bytes,
                    n,
                    task.bias,
                    task.y,
                    task.activation};
    if (kind != GroupKind::kTiles) return kernels_.matmul(tile);
    Buffer& scratch = thread_scratch_[static_cast<std::size_t>(thread)];
    scratch.reserve(tile_scratch_bytes(end - begin, n));
    tile.scratch = scratch.data();
    kernels_.tiles->matmul(tile);
}

void CpuOps::matmul(std::span<const MatmulBatch> batches, Phase phase) {
    HEARTH_CHECK(!batches.empty() && !batches[0].tasks.empty());
    const std::int64_t cols = packed(batches[0].tasks[0]).cols();
    bool wanted[kGroupKinds] = {};
    for (const MatmulBatch& batch : batches) {
        HEARTH_CHECK(batch.n >= 1);
        for (const MatmulTask& task : batch.tasks) {
            HEARTH_CHECK(packed(task).cols() == cols);
            wanted[static_cast<std::size_t>(group_kind(packed(task).kind(), phase))] = true;
        }
    }
    for (std::size_t kind = 0; kind < kGroupKinds; ++kind) {
        if (wanted[kind]) prepare_groups(batches, cols, static_cast<GroupKind>(kind));
    }
    pool_.parallel_for(cut(batches, phase),
                       [&](std::int64_t chunk, int thread) { multiply_chunk(batches, chunk, phase, thread); });
}

void CpuOps::read(std::span<const std::byte> bytes) {
    const auto chunks =
        divide_up(static_cast<std::int64_t>(bytes.size()), static_cast<std::int64_t>(kChunkWeightBytes));
    pool_.parallel_for(chunks, [&](std::int64_t chunk, int) {
        const std::size_t first = static_cast<std::size_t>(chunk) * kChunkWeightBytes;
        kernels_.read(bytes.data() + first, std::min(kChunkWeightBytes, bytes.size() - first));
    });
}

void CpuOps::side_by_side(std::int64_t count, const std::function<void(Ops&, std::int64_t, int)>& body) {
    while (static_cast<int>(lanes_.size()) < threads()) lanes_.push_back(std::make_unique<CpuOps>(kernels_, 1));
    pool_.parallel_for(
        count, [&](std::int64_t index, int thread) { body(*lanes_[static_cast<std::size_t>(thread)], index, thread); });
}

void CpuOps::gather_rows(const Weight& table, std::span<const std::int32_t> ids, float* out) {
    for (const std::int32_t id : ids) {
        HEARTH_CHECK(id >= 0 && id < table.rows());
        static_cast<const CpuWeight&>(table).read_row(id, out);
        out += table.cols();
    }
}

void CpuOps::rms_norm(const float* x, const float* weight, std::int64_t n, std::int64_t dim, float epsilon, float* y) {
    for_rows(n, dim, [&](std::int64_t first, std::int64_t rows) {
        kernels_.rms_norm(x + first * dim, weight, rows, dim, epsilon, y + first * dim);
    });
}

void CpuOps::layer_norm(const float* x, const float* weight, const float* bias, std::int64_t n, std::int64_t dim,
                        float epsilon, float* y) {
    for_rows(n, dim, [&](std::int64_t first, std::int64_t rows) {
        kernels_.layer_norm(x + first * dim, weight, bias, rows, dim, epsilon, y + first * dim);
    });
}

bool CpuOps::RopeTable::is_of(const RopeArgs& args) const {
    return positions.size() == static_cast<std::size_t>(args.n) &&
           frequencies.size() == static_cast<std::size_t>(args.head_dim / 2) &&
           std::equal(positions.begin(), positions.end(), args.positions) &&
           std::equal(frequencies.begin(), frequencies.end(), args.inverse_frequencies);
}

/// Cosines and sines are shared by every layer of a step, and by queries and keys: computed when positions change.
const CpuOps::RopeTable& CpuOps::rope_table(const RopeArgs& args) {
    for (const RopeTable& table : rope_tables_) {
        if (table.is_of(args)) return table;
    }
    RopeTable& table = rope_tables_[std::exchange(oldest_rope_table_, 1 - oldest_rope_table_)];
    const auto n = static_cast<std::size_t>(args.n);
    const auto half = static_cast<std::size_t>(args.head_dim / 2);
    table.positions.assign(args.positions, args.positions + n);
    table.frequencies.assign(args.inverse_frequencies, args.inverse_frequencies + half);
    table.cosines.resize(n * half);
    table.sines.resize(n * half);
    for_rows(args.n, 16 * args.head_dim, [&](std::int64_t first, std::int64_t rows) {
        for (std::int64_t t = first; t < first + rows; ++t) {
            for (std::size_t i = 0; i < half; ++i) {
                const double angle = static_cast<double>(args.positions[t]) * args.inverse_frequencies[i];
                table.cosines[static_cast<std::size_t>(t) * half + i] = static_cast<float>(std::cos(angle));
                table.sines[static_cast<std::size_t>(t) * half + i] = static_cast<float>(std::sin(angle));
            }
        }
    });
    return table;
}

void CpuOps::rope(const RopeArgs& args) {
    const RopeTable& table = rope_table(args);
    const std::int64_t dim = std::int64_t{args.heads} * args.head_dim;
    const std::int64_t half = args.head_dim / 2;
    for_rows(args.n, dim, [&](std::int64_t first, std::int64_t rows) {
        for (std::int64_t t = first; t < first + rows; ++t) {
            kernels_.rope(args.x + t * dim, args.heads, args.head_dim, table.cosines.data() + t * half,
                          table.sines.data() + t * half, args.style);
        }
    });
}

void CpuOps::glu(float* gate, const float* up, std::int64_t count, Gate activation) {
    for_rows(count, 1,
             [&](std::int64_t first, std::int64_t size) { kernels_.glu(gate + first, up + first, size, activation); });
}

void CpuOps::soft_cap(float* x, std::int64_t count, float cap) {
    for_rows(count, 1, [&](std::int64_t first, std::int64_t size) { kernels_.soft_cap(x + first, size, cap); });
}

void CpuOps::add(float* x, const float* y, std::int64_t count) {
    for_rows(count, 1, [&](std::int64_t first, std::int64_t size) { kernels_.add(x + first, y + first, size); });
}

void CpuOps::scale(float* x, const float* factors, std::int64_t n, std::int64_t dim) {
    for_rows(n, dim, [&](std::int64_t first, std::int64_t rows) {
        for (std::int64_t t = first; t < first + rows; ++t) kernels_.multiply(x + t * dim, factors, dim);
    });
}

void CpuOps::mix(const MixArgs& args) {
    for_rows(args.n, args.per_token * args.dim, [&](std::int64_t first, std::int64_t rows) {
        for (std::int64_t j = first * args.per_token; j < (first + rows) * args.per_token; ++j) {
            kernels_.add_scaled(args.out + j / args.per_token * args.dim, args.rows + args.places[j] * args.dim,
                                args.shares[j], args.dim);
        }
    });
}

}  // namespace cpu

Result<std::unique_ptr<Ops>> make_cpu_ops(int threads, const std::string& isa) {
    const cpu::KernelTable* kernels = cpu::find_kernels(isa);
    if (kernels == nullptr) {
        return Error(ErrorCode::kUnsupported,
                     "no \"" + isa + "\" kernels for this processor (" + cpu_features().name +
                         "); known are generic, avx2, avx512-vnni, avx512-bf16, amx, amx-model, "
                         "neon-dotprod and neon-i8mm");
    }
    if (threads > kMaxThreads)
        return Error(ErrorCode::kInvalidArgument, std::to_string(threads) + " compute threads; at most " +
                                                      std::to_string(kMaxThreads) + " are possible");
    const int count = threads > 0 ? threads : std::min(kMaxThreads, static_cast<int>(usable_cpus().size()));
    return std::unique_ptr<Ops>(std::make_unique<cpu::CpuOps>(*kernels, count));
}

}  // namespace hearth::llm
