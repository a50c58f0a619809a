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
#include "llm/tensor_matrices.h"

namespace hearth::llm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kProbeTokens = 128;
constexpr int kProbePasses = 5;
constexpr int kReadPasses = 3;
/// The bandwidth is that of a buffer as large as the model, since a large cache may hold a small one; and this is
/// larger than any cache.
constexpr std::size_t kMaxProbeBytes = std::size_t{1} << 30;

/// The matrices of one tensor, and the tokens out of kProbeTokens that each of them computes: all, or an expert's part
/// where all experts are chosen alike.
struct Matrices {
    std::vector<std::unique_ptr<Weight>> weights;
    std::int64_t tokens_each = kProbeTokens;
};

Result<std::vector<Matrices>> load_first_layer(const GgufFile& file, const DecoderConfig& config, Ops& ops) {
    std::vector<Matrices> out;
    for (const GgufTensor& tensor : file.tensors()) {
        const std::vector<MatrixView> stored = matrices_of(tensor);
        if (!tensor.name.starts_with("blk.0.") || stored.empty()) continue;
        Matrices& loaded = out.emplace_back();
        for (const MatrixView& matrix : stored) {
            HEARTH_TRY(auto weight, ops.load(matrix));
            loaded.weights.push_back(std::move(weight));
        }
        if (tensor.dims.size() == 3 && config.experts > 0)
            loaded.tokens_each = (kProbeTokens * config.experts_used + config.experts - 1) / config.experts;
    }
    if (out.empty()) return Error(ErrorCode::kDataLoss, "the first layer has no matrices");
    return out;
}

/// Seconds that one layer's products take for kProbeTokens tokens: the best of a few passes.
double time_layer(const std::vector<Matrices>& layer, Ops& ops) {
    std::int64_t most_in = 0, most_out = 0;
    for (const Matrices& each : layer) {
        most_in = std::max(most_in, each.tokens_each * each.weights[0]->cols());
        most_out = std::max(most_out, each.tokens_each * each.weights[0]->rows());
    }
    const std::vector<float> x(static_cast<std::size_t>(most_in), 0.5f);
    double best = 1e9;
    std::vector<std::vector<float>> outputs;
    std::vector<MatmulTask> tasks;
    std::vector<MatmulBatch> batches;
    for (int pass = 0; pass <= kProbePasses; ++pass) {
        const auto start = Clock::now();
        for (const Matrices& each : layer) {
            tasks.clear();
            batches.clear();
            tasks.reserve(each.weights.size());
            while (outputs.size() < each.weights.size()) outputs.emplace_back(static_cast<std::size_t>(most_out));
            for (std::size_t i = 0; i < each.weights.size(); ++i) {
                tasks.push_back({each.weights[i].get(), nullptr, outputs[i].data()});
                batches.push_back({x.data(), each.tokens_each, std::span(tasks).last(1)});
            }
            ops.matmul(batches, Phase::kPrefill);
        }
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (pass > 0) best = std::min(best, seconds);  // the first touches everything
    }
    return best;
}

/// Bytes one decoded token reads: every matrix, of experts the chosen ones; the embedding only where it is the head
/// too.
std::size_t bytes_per_token(const GgufFile& file, const DecoderConfig& config, const Ops& ops) {
    const bool own_head = file.tensor("output.weight") != nullptr;
    std::size_t total = 0;
    for (const GgufTensor& tensor : file.tensors()) {
        const std::vector<MatrixView> matrices = matrices_of(tensor);
        if (matrices.empty() || (own_head && tensor.name == "token_embd.weight")) continue;
        const std::size_t packed = ops.weight_bytes(matrices[0]);
        const std::size_t read = tensor.dims.size() == 3 ? static_cast<std::size_t>(config.experts_used) : 1;
        total += read * (packed > 0 ? packed : matrices[0].bytes.size());
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
    const std::size_t block_bytes = ops.kv_block_bytes(config.kv_heads, config.head_dim, kv_format_of(options));
    plan.kv_bytes_per_token = block_bytes * static_cast<std::size_t>(config.layers) / kKvBlockTokens;
    plan.kv_bytes = plan.kv_bytes_per_token * static_cast<std::size_t>(plan.kv_tokens);
    plan.layers = config.layers;
    return plan;
}

Result<ModelPlan> plan_and_measure(const EngineOptions& options, MemoryLedger& ledger) {
    HEARTH_TRY(const std::unique_ptr<GgufFile> file, GgufFile::open(options.model_path));
    HEARTH_TRY(const std::unique_ptr<Ops> ops, open_ops(options, options.threads));
    HEARTH_TRY(ModelPlan plan, plan_file(options, *file, *ops));
    HEARTH_TRY(const DecoderConfig config, read_decoder_config(*file));
    HEARTH_TRY(const std::vector<Matrices> layer, load_first_layer(*file, config, *ops));
    plan.predicted_prefill_tokens_per_second = kProbeTokens / (time_layer(layer, *ops) * plan.layers);
    const std::size_t token_bytes = bytes_per_token(*file, config, *ops);
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
