// Tensors of a GGUF file into a Decoder, each checked against the shape that the metadata promises.
#include <algorithm>

#include "llm/decoder.h"
#include "llm/tensor_matrices.h"

namespace hearth::llm {

namespace {

constexpr const char* kEmbedding = "token_embd.weight";

/// Models without a head of their own read the embedding table backwards.
const char* head_name(const GgufFile& file) {
    return file.tensor("output.weight") != nullptr ? "output.weight" : kEmbedding;
}

}  // namespace

class Decoder::Loader {
  public:
    Loader(const GgufFile& file, Decoder& decoder, const std::function<void(std::size_t, std::size_t)>& progress,
           const std::stop_token& cancel)
        : file_(file), decoder_(decoder), config_(decoder.config_), progress_(progress), cancel_(cancel) {
        for (const GgufTensor& tensor : file.tensors()) total_bytes_ += tensor.bytes.size();
    }

    Status run() {
        HEARTH_TRY_STATUS(load_embedding());
        decoder_.layers_.resize(static_cast<std::size_t>(config_.layers));
        for (int index = 0; index < config_.layers; ++index) {
            if (cancel_.stop_requested()) return Error(ErrorCode::kCancelled, "loading was cancelled");
            Layer& layer = decoder_.layers_[static_cast<std::size_t>(index)];
            const std::string prefix = "blk." + std::to_string(index) + ".";
            HEARTH_TRY_STATUS(load_attention(prefix, layer));
            HEARTH_TRY_STATUS(load_feed_forward(prefix, layer));
        }
        HEARTH_TRY_STATUS(vector("output_norm.weight", config_.width, decoder_.final_norm_));
        return matrix(head_name(file_), config_.vocabulary, config_.width, decoder_.head_);
    }

  private:
    Status load_embedding() {
        HEARTH_TRY(MatrixView table, view(kEmbedding, config_.vocabulary, config_.width));
        if (head_name(file_) == kEmbedding) return {};
        decoder_.embedding_bytes_.assign(table.bytes.begin(), table.bytes.end());
        table.bytes = decoder_.embedding_bytes_;
        HEARTH_TRY(decoder_.embedding_, decoder_.ops_.load_table(table));
        report(table.bytes.size());
        return {};
    }

    Status load_attention(const std::string& prefix, Layer& layer) {
        const int query_width = config_.heads * config_.head_dim;
        const int kv_width = config_.kv_heads * config_.head_dim;
        HEARTH_TRY_STATUS(vector(prefix + "attn_norm.weight", config_.width, layer.attention_norm));
        if (file_.tensor(prefix + "attn_qkv.weight") != nullptr) {
            const Part parts[] = {{query_width, &layer.q}, {kv_width, &layer.k}, {kv_width, &layer.v}};
            HEARTH_TRY_STATUS(split(prefix + "attn_qkv.weight", parts));
        } else {
            HEARTH_TRY_STATUS(matrix(prefix + "attn_q.weight", query_width, config_.width, layer.q));
            HEARTH_TRY_STATUS(matrix(prefix + "attn_k.weight", kv_width, config_.width, layer.k));
            HEARTH_TRY_STATUS(matrix(prefix + "attn_v.weight", kv_width, config_.width, layer.v));
        }
        HEARTH_TRY_STATUS(matrix(prefix + "attn_output.weight", config_.width, query_width, layer.output));
        if (config_.head_norms) {
            HEARTH_TRY_STATUS(vector(prefix + "attn_q_norm.weight", config_.head_dim, layer.q_norm));
            HEARTH_TRY_STATUS(vector(prefix + "attn_k_norm.weight", config_.head_dim, layer.k_norm));
        }
        HEARTH_TRY_STATUS(optional_vector(prefix + "attn_q.bias", query_width, layer.q_bias));
        HEARTH_TRY_STATUS(optional_vector(prefix + "attn_k.bias", kv_width, layer.k_bias));
        HEARTH_TRY_STATUS(optional_vector(prefix + "attn_v.bias", kv_width, layer.v_bias));
        if (config_.output_norms)
            HEARTH_TRY_STATUS(vector(prefix + "post_attention_norm.weight", config_.width, layer.attended_norm));
        layer.balance = balance_keys(config_, layer.k_bias, layer.k_norm);
        return optional_vector(prefix + "attn_output.bias", config_.width, layer.output_bias);
    }

    Status load_feed_forward(const std::string& prefix, Layer& layer) {
        HEARTH_TRY_STATUS(vector(prefix + "ffn_norm.weight", config_.width, layer.feed_forward_norm));
        if (config_.experts > 0) return load_experts(prefix, layer);
        if (config_.output_norms)
            HEARTH_TRY_STATUS(vector(prefix + "post_ffw_norm.weight", config_.width, layer.fed_norm));
        FeedForward& block = layer.feed_forward.emplace_back();
        const GgufTensor* up = file_.tensor(prefix + "ffn_up.weight");
        if (up != nullptr && up->dims == std::vector<std::int64_t>{config_.width, 2 * config_.feed_forward}) {
            const Part parts[] = {{config_.feed_forward, &block.gate}, {config_.feed_forward, &block.up}};
            HEARTH_TRY_STATUS(split(prefix + "ffn_up.weight", parts));
        } else {
            HEARTH_TRY_STATUS(matrix(prefix + "ffn_gate.weight", config_.feed_forward, config_.width, block.gate));
            HEARTH_TRY_STATUS(matrix(prefix + "ffn_up.weight", config_.feed_forward, config_.width, block.up));
        }
        return matrix(prefix + "ffn_down.weight", config_.width, config_.feed_forward, block.down);
    }

    Status load_experts(const std::string& prefix, Layer& layer) {
        layer.feed_forward.resize(static_cast<std::size_t>(config_.experts));
        HEARTH_TRY_STATUS(matrix(prefix + "ffn_gate_inp.weight", config_.experts, config_.width, layer.router));
        HEARTH_TRY_STATUS(
            stack(prefix + "ffn_gate_exps.weight", config_.feed_forward, config_.width, layer, &FeedForward::gate));
        HEARTH_TRY_STATUS(
            stack(prefix + "ffn_up_exps.weight", config_.feed_forward, config_.width, layer, &FeedForward::up));
        return stack(prefix + "ffn_down_exps.weight", config_.width, config_.feed_forward, layer, &FeedForward::down);
    }

    Result<const GgufTensor*> find(const std::string& name, const std::vector<std::int64_t>& dims) {
        const GgufTensor* tensor = file_.tensor(name);
        if (tensor == nullptr) return Error(ErrorCode::kDataLoss, "tensor '" + name + "' is missing");
        if (tensor->dims != dims)
            return Error(ErrorCode::kDataLoss, "tensor '" + name + "' does not have the shape the metadata promises");
        return tensor;
    }

    Result<MatrixView> view(const std::string& name, std::int64_t rows, std::int64_t cols) {
        HEARTH_TRY(const GgufTensor* tensor, find(name, {cols, rows}));
        return MatrixView{tensor->type, rows, cols, tensor->bytes};
    }

    Status matrix(const std::string& name, std::int64_t rows, std::int64_t cols, std::unique_ptr<Weight>& out) {
        HEARTH_TRY(const MatrixView stored, view(name, rows, cols));
        HEARTH_TRY_STATUS(prepare(name, stored, out));
        release_if_copied(name, *out);
        return {};
    }

    struct Part {
        std::int64_t rows;
        std::unique_ptr<Weight>* out;
    };
    /// Matrices that read the same features, one below the other in one tensor.
    Status split(const std::string& name, std::span<const Part> parts) {
        std::int64_t rows = 0;
        for (const Part& part : parts) rows += part.rows;
        HEARTH_TRY(const MatrixView stored, view(name, rows, config_.width));
        std::int64_t first = 0;
        for (const Part& part : parts) {
            HEARTH_TRY_STATUS(prepare(name, rows_of(stored, first, part.rows), *part.out));
            first += part.rows;
        }
        release_if_copied(name, **parts[0].out);
        return {};
    }

    /// One matrix of every expert.
    Status stack(const std::string& name, std::int64_t rows, std::int64_t cols, Layer& layer,
                 std::unique_ptr<Weight> FeedForward::*out) {
        HEARTH_TRY(const GgufTensor* tensor, find(name, {cols, rows, config_.experts}));
        const std::vector<MatrixView> stored = matrices_of(*tensor);
        for (std::size_t i = 0; i < stored.size(); ++i) {
            if (cancel_.stop_requested()) return Error(ErrorCode::kCancelled, "loading was cancelled");
            HEARTH_TRY_STATUS(prepare(name, stored[i], layer.feed_forward[i].*out));
        }
        release_if_copied(name, *(layer.feed_forward[0].*out));
        return {};
    }

    Status prepare(const std::string& name, const MatrixView& stored, std::unique_ptr<Weight>& out) {
        auto loaded = decoder_.ops_.load(stored);
        if (!loaded.ok()) return Error(loaded.error().code, "tensor '" + name + "': " + loaded.error().message);
        out = std::move(loaded).value();
        report(stored.bytes.size());
        return {};
    }

    void release_if_copied(const std::string& name, const Weight& weight) {
        if (weight.owned_bytes() > 0)
            file_.release(*file_.tensor(name));
        else
            decoder_.borrows_file_ = true;
    }

    Status vector(const std::string& name, std::int64_t size, std::vector<float>& out) {
        HEARTH_TRY(const GgufTensor* tensor, find(name, {size}));
        out.resize(static_cast<std::size_t>(size));
        dequantize(tensor->type, tensor->bytes.data(), size, out.data());
        report(tensor->bytes.size());
        return {};
    }

    Status optional_vector(const std::string& name, std::int64_t size, std::vector<float>& out) {
        return file_.tensor(name) == nullptr ? Status() : vector(name, size, out);
    }

    void report(std::size_t bytes) {
        done_bytes_ = std::min(done_bytes_ + bytes, total_bytes_);
        if (progress_) progress_(done_bytes_, total_bytes_);
    }

    const GgufFile& file_;
    Decoder& decoder_;
    const DecoderConfig& config_;
    const std::function<void(std::size_t, std::size_t)>& progress_;
    const std::stop_token& cancel_;
    std::size_t total_bytes_ = 0;
    std::size_t done_bytes_ = 0;
};

std::size_t Decoder::weight_bytes(const GgufFile& file, const Ops& ops) {
    std::size_t total = 0;
    for (const GgufTensor& tensor : file.tensors()) {
        if (tensor.name == kEmbedding && tensor.name != head_name(file)) {
            total += tensor.bytes.size();
            continue;
        }
        const std::vector<MatrixView> matrices = matrices_of(tensor);
        if (matrices.empty()) {
            const DTypeGeometry shape = geometry(tensor.type);
            total += tensor.bytes.size() / shape.bytes * static_cast<std::size_t>(shape.block) * sizeof(float);
            continue;
        }
        const std::size_t owned = ops.weight_bytes(matrices[0]);
        total += owned > 0 ? matrices.size() * owned : tensor.bytes.size();
    }
    return total;
}

Result<std::unique_ptr<Decoder>> Decoder::load(const GgufFile& file, DecoderConfig config, Ops& ops,
                                               const std::function<void(std::size_t, std::size_t)>& progress,
                                               const std::stop_token& cancel) {
    auto decoder = std::make_unique<Decoder>(Decoder(std::move(config), ops));
    HEARTH_TRY_STATUS(Loader(file, *decoder, progress, cancel).run());
    decoder->allocate_scratch();  // not before the tensors have shown that the sizes are true
    return decoder;
}

}  // namespace hearth::llm
