#include "llm/plan.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "llm/decoder.h"
#include "llm/device.h"
#include "llm/gguf.h"
#include "llm/model_loader.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kProbeTokens = 128;
constexpr int kProbePasses = 5;
constexpr int kReadPasses = 3;
/// The bandwidth is that of a buffer as large as the model, since a large cache may hold a small one; and this is
/// larger than any cache.
constexpr std::size_t kMaxProbeBytes = std::size_t{1} << 30;

struct Matrix {
    std::unique_ptr<Weight> weight;
    std::int64_t cols = 0;
};

Result<std::vector<Matrix>> load_first_layer(const GgufFile& file, Ops& ops) {
    std::vector<Matrix> out;
    for (const GgufTensor& tensor : file.tensors()) {
        if (!tensor.name.starts_with("blk.0.") || tensor.dims.size() != 2) continue;
        HEARTH_TRY(auto weight, ops.load({tensor.type, tensor.dims[1], tensor.dims[0], tensor.bytes}));
        out.push_back({std::move(weight), tensor.dims[0]});
    }
    if (out.empty()) return Error(ErrorCode::kDataLoss, "the first layer has no matrices");
    return out;
}

/// Seconds that one layer's products take for kProbeTokens tokens: the best of a few passes.
double time_layer(const std::vector<Matrix>& layer, Ops& ops) {
    std::int64_t widest_in = 0, widest_out = 0;
    for (const Matrix& matrix : layer) {
        widest_in = std::max(widest_in, matrix.cols);
        widest_out = std::max(widest_out, matrix.weight->rows());
    }
    const std::vector<float> x(static_cast<std::size_t>(kProbeTokens * widest_in), 0.5f);
    std::vector<float> y(static_cast<std::size_t>(kProbeTokens * widest_out));
    double best = 1e9;
    for (int pass = 0; pass <= kProbePasses; ++pass) {
        const auto start = Clock::now();
        for (const Matrix& matrix : layer) {
            const MatmulTask task[] = {{matrix.weight.get(), nullptr, y.data()}};
            ops.matmul(x.data(), kProbeTokens, task, Phase::kPrefill);
        }
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (pass > 0) best = std::min(best, seconds);  // the first touches everything
    }
    return best;
}

/// Bytes one decoded token reads: every matrix, the embedding only where it is the head too.
std::size_t bytes_per_token(const GgufFile& file, const Ops& ops) {
    const bool own_head = file.tensor("output.weight") != nullptr;
    std::size_t total = 0;
    for (const GgufTensor& tensor : file.tensors()) {
        if (tensor.dims.size() != 2 || (own_head && tensor.name == "token_embd.weight")) continue;
        const std::size_t packed = ops.weight_bytes({tensor.type, tensor.dims[1], tensor.dims[0], tensor.bytes});
        total += packed > 0 ? packed : tensor.bytes.size();
    }
    return total;
}

/// Bytes per second: the best of a few passes.
Result<double> measure_read_bandwidth(Ops& ops, std::size_t bytes, MemoryLedger& ledger) {
    HEARTH_TRY(const MemoryLedger::Lease lease, ledger.reserve("plan", bytes));
    const std::vector<std::byte> buffer(bytes, std::byte{1});
    double best = 0;
    for (int pass = 0; pass < kReadPasses; ++pass) {
        const auto start = Clock::now();
        ops.read(buffer);
        best = std::max(best, static_cast<double>(bytes) / std::chrono::duration<double>(Clock::now() - start).count());
    }
    return best;
}

Result<std::unique_ptr<Ops>> open_ops(const EngineOptions& options, int threads) {
    return open_device({.kind = options.reference ? DeviceKind::kReference : DeviceKind::kCpu,
                        .threads = threads,
                        .cpu_isa = options.cpu_isa});
}

Result<ModelPlan> plan_file(const EngineOptions& options, const GgufFile& file, const Ops& ops) {
    HEARTH_TRY(const DecoderConfig config, read_decoder_config(file));
    ModelPlan plan;
    plan.id = std::filesystem::path(options.model_path).stem().string();
    plan.architecture = config.architecture;
    plan.isa = ops.isa();
    plan.threads = ops.threads();
    plan.trained_context_tokens = config.context_tokens;
    plan.context_tokens = std::min(options.context_tokens, config.context_tokens);
    plan.kv_tokens = kv_tokens_of(options, plan.context_tokens);
    plan.weight_bytes = Decoder::weight_bytes(file, ops);
    plan.scratch_bytes = Decoder::scratch_bytes(config);
    const std::size_t block_bytes = ops.kv_block_bytes(config.kv_heads, config.head_dim);
    plan.kv_bytes_per_token = block_bytes * static_cast<std::size_t>(config.layers) / kKvBlockTokens;
    plan.kv_bytes = plan.kv_bytes_per_token * static_cast<std::size_t>(plan.kv_tokens);
    plan.layers = config.layers;
    return plan;
}

Result<ModelPlan> plan_and_measure(const EngineOptions& options, MemoryLedger& ledger) {
    HEARTH_TRY(const std::unique_ptr<GgufFile> file, GgufFile::open(options.model_path));
    HEARTH_TRY(const std::unique_ptr<Ops> ops, open_ops(options, options.threads));
    HEARTH_TRY(ModelPlan plan, plan_file(options, *file, *ops));
    HEARTH_TRY(const std::vector<Matrix> layer, load_first_layer(*file, *ops));
    plan.predicted_prefill_tokens_per_second = kProbeTokens / (time_layer(layer, *ops) * plan.layers);
    const std::size_t token_bytes = bytes_per_token(*file, *ops);
    HEARTH_TRY(plan.read_bandwidth_bytes_per_second,
               measure_read_bandwidth(*ops, std::min(token_bytes, kMaxProbeBytes), ledger));
    plan.predicted_decode_tokens_per_second = plan.read_bandwidth_bytes_per_second / static_cast<double>(token_bytes);
    return plan;
}

Result<ModelPlan> plan_header(const EngineOptions& options) {
    HEARTH_TRY(const std::unique_ptr<GgufFile> file, GgufFile::open(options.model_path));
    HEARTH_TRY(const std::unique_ptr<Ops> ops, open_ops(options, 1));  // sizes do not depend on the threads
    return plan_file(options, *file, *ops);
}

}  // namespace

Result<ModelPlan> plan_memory(const EngineOptions& options) {
    auto plan = plan_header(options);
    if (!plan.ok()) return Error(plan.error().code, "model " + options.model_path + ": " + plan.error().message);
    return plan;
}

Result<ModelPlan> plan_model(const EngineOptions& options, MemoryLedger& ledger) {
    auto plan = plan_and_measure(options, ledger);
    if (!plan.ok()) return Error(plan.error().code, "model " + options.model_path + ": " + plan.error().message);
    return plan;
}

}  // namespace hearth::llm
