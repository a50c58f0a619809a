// A Hugging Face BERT folder into a Bert: configuration, then tensors, each checked against the configuration.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "llm/bert.h"
#include "llm/quantize.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfigBytes = 1u << 20;

Result<json> read_json(const std::string& path) {
    HEARTH_TRY(const std::string text, read_file(path, kMaxConfigBytes));
    auto parsed = parse_json(text);
    if (!parsed.ok()) return Error(ErrorCode::kDataLoss, path + ": " + parsed.error().message);
    if (!parsed.value().is_object()) return Error(ErrorCode::kDataLoss, path + ": no JSON object");
    return std::move(parsed).value();
}

/// An empty object when the file does not exist.
Result<json> read_optional_json(const std::string& path) {
    auto read = read_json(path);
    if (!read.ok() && read.error().code == ErrorCode::kNotFound) return json::object();
    return read;
}

Result<int> size_of(const json& config, const char* key, int limit) {
    const auto field = config.find(key);
    if (field != config.end() && field->is_number_unsigned()) {
        const auto value = field->get<std::uint64_t>();
        if (value >= 1 && value <= static_cast<std::uint64_t>(limit)) return static_cast<int>(value);
    }
    return Error(ErrorCode::kDataLoss,
                 std::string("config.json: '") + key + "' is no number from 1 to " + std::to_string(limit));
}

Status expect_text(const json& config, const char* key, const std::string& wanted) {
    const auto field = config.find(key);
    if (field == config.end() || *field == wanted) return {};
    return Error(ErrorCode::kUnsupported, std::string("config.json: '") + key + "' is " +
                                              dump_json(*field).substr(0, 64) + "; '" + wanted + "' is supported");
}

bool flag(const json& config, const char* key) {
    const auto field = config.find(key);
    return field != config.end() && field->is_boolean() && field->get<bool>();
}

Status read_pooling(const json& pooling, BertConfig& config) {
    const bool cls = flag(pooling, "pooling_mode_cls_token");
    const bool mean = pooling.empty() || flag(pooling, "pooling_mode_mean_tokens");
    if (cls == mean || flag(pooling, "pooling_mode_max_tokens") || flag(pooling, "pooling_mode_mean_sqrt_len_tokens"))
        return Error(ErrorCode::kUnsupported,
                     "1_Pooling/config.json: exactly one of mean and CLS pooling is supported");
    config.output = mean ? BertOutput::kMean : BertOutput::kFirst;
    return {};
}

Status expect_classifier(const json& stored) {
    const auto architectures = stored.find("architectures");
    const bool classifier = architectures != stored.end() && architectures->is_array() && !architectures->empty() &&
                            architectures->front() == "BertForSequenceClassification";
    const auto labels = stored.find("id2label");
    const bool one = labels != stored.end() && labels->is_object() ? labels->size() == 1
                                                                   : stored.value("num_labels", json(2)) == 1;
    if (classifier && one) return {};
    return Error(ErrorCode::kUnsupported,
                 "config.json: no cross-encoder; a BertForSequenceClassification of one label is supported");
}

}  // namespace

Result<BertConfig> read_bert_config(const std::string& directory, BertUse use) {
    HEARTH_TRY(const json stored, read_json(directory + "/config.json"));
    HEARTH_TRY_STATUS(expect_text(stored, "model_type", "bert"));
    HEARTH_TRY_STATUS(expect_text(stored, "hidden_act", "gelu"));
    HEARTH_TRY_STATUS(expect_text(stored, "position_embedding_type", "absolute"));
    BertConfig config;
    HEARTH_TRY(config.layers, size_of(stored, "num_hidden_layers", 256));
    HEARTH_TRY(config.width, size_of(stored, "hidden_size", 1 << 15));
    HEARTH_TRY(config.feed_forward, size_of(stored, "intermediate_size", 1 << 17));
    HEARTH_TRY(config.heads, size_of(stored, "num_attention_heads", 1024));
    HEARTH_TRY(config.vocabulary, size_of(stored, "vocab_size", 1 << 22));
    HEARTH_TRY(config.max_positions, size_of(stored, "max_position_embeddings", 1 << 20));
    if (config.width % config.heads != 0)
        return Error(ErrorCode::kDataLoss, "config.json: hidden_size is no multiple of num_attention_heads");
    const auto epsilon = stored.find("layer_norm_eps");
    config.norm_epsilon = epsilon != stored.end() && epsilon->is_number() ? epsilon->get<float>() : 1e-12f;

    config.max_tokens = std::min(config.max_positions, Bert::kMaxTextTokens);
    HEARTH_TRY(const json sentence, read_optional_json(directory + "/sentence_bert_config.json"));
    if (sentence.contains("max_seq_length")) {
        HEARTH_TRY(const int limit, size_of(sentence, "max_seq_length", 1 << 20));
        config.max_tokens = std::min(config.max_tokens, limit);
    }
    if (config.max_tokens < 3) return Error(ErrorCode::kDataLoss, "the longest input has no room for a token");
    if (use == BertUse::kScore) {
        HEARTH_TRY_STATUS(expect_classifier(stored));
        config.output = BertOutput::kScore;
        return config;
    }
    HEARTH_TRY(const json pooling, read_optional_json(directory + "/1_Pooling/config.json"));
    HEARTH_TRY_STATUS(read_pooling(pooling, config));
    return config;
}

class Bert::Loader {
  public:
    Loader(const SafetensorsFile& file, BertWeights weights, Bert& bert)
        : file_(file), weights_(weights), bert_(bert), config_(bert.config_) {
        // Saved as part of a larger model, the encoder's names begin with "bert.".
        if (file.tensor("bert.embeddings.word_embeddings.weight") != nullptr) prefix_ = "bert.";
    }

    Status run() {
        HEARTH_TRY_STATUS(table("embeddings.word_embeddings.weight", config_.vocabulary, bert_.word_table_));
        HEARTH_TRY_STATUS(table("embeddings.position_embeddings.weight", config_.max_positions, bert_.position_table_));
        HEARTH_TRY_STATUS(load_type_rows());
        HEARTH_TRY_STATUS(norm("embeddings.LayerNorm", bert_.embedding_norm_));
        bert_.layers_.resize(static_cast<std::size_t>(config_.layers));
        for (int index = 0; index < config_.layers; ++index) {
            const std::string name = "encoder.layer." + std::to_string(index) + ".";
            HEARTH_TRY_STATUS(load_layer(name, bert_.layers_[static_cast<std::size_t>(index)]));
        }
        return config_.output == BertOutput::kScore ? load_classifier() : Status();
    }

  private:
    Status load_layer(const std::string& name, Layer& layer) {
        const std::string self = name + "attention.self.";
        HEARTH_TRY_STATUS(linear(self + "query", config_.width, config_.width, DType::kBF16, layer.query));
        HEARTH_TRY_STATUS(linear(self + "key", config_.width, config_.width, DType::kBF16, layer.key));
        HEARTH_TRY_STATUS(linear(self + "value", config_.width, config_.width, DType::kBF16, layer.value));
        HEARTH_TRY_STATUS(linear(name + "attention.output.dense", config_.width, config_.width, DType::kQ8_0,
                                 layer.attention_output));
        HEARTH_TRY_STATUS(norm(name + "attention.output.LayerNorm", layer.attention_norm));
        HEARTH_TRY_STATUS(
            linear(name + "intermediate.dense", config_.feed_forward, config_.width, DType::kQ8_0, layer.expand));
        HEARTH_TRY_STATUS(
            linear(name + "output.dense", config_.width, config_.feed_forward, DType::kQ8_0, layer.contract));
        return norm(name + "output.LayerNorm", layer.output_norm);
    }

    Result<const SafetensorsTensor*> find(const std::string& name, const std::vector<std::int64_t>& shape) {
        const SafetensorsTensor* tensor = file_.tensor(prefix_ + name);
        if (tensor == nullptr) return Error(ErrorCode::kDataLoss, "tensor '" + prefix_ + name + "' is missing");
        if (tensor->shape != shape)
            return Error(ErrorCode::kDataLoss, "tensor '" + prefix_ + name + "' does not have the configured shape");
        return tensor;
    }

    Result<MatrixView> view(const std::string& name, std::int64_t rows, std::int64_t cols) {
        HEARTH_TRY(const SafetensorsTensor* tensor, find(name, {rows, cols}));
        return MatrixView{tensor->type, rows, cols, tensor->bytes};
    }

    Status table(const std::string& name, std::int64_t rows, std::unique_ptr<Weight>& out) {
        HEARTH_TRY(const MatrixView stored, view(name, rows, config_.width));
        HEARTH_TRY(out, bert_.ops_.load_table(stored));
        return {};
    }

    Status vector(const std::string& name, std::int64_t size, std::vector<float>& out) {
        HEARTH_TRY(const SafetensorsTensor* tensor, find(name, {size}));
        out.resize(static_cast<std::size_t>(size));
        dequantize(tensor->type, tensor->bytes.data(), size, out.data());
        bert_.owned_weight_bytes_ += out.size() * sizeof(float);
        return {};
    }

    Status norm(const std::string& name, Norm& out) {
        HEARTH_TRY_STATUS(vector(name + ".weight", config_.width, out.weight));
        return vector(name + ".bias", config_.width, out.bias);
    }

    /// `rounded`: what float weights become with BertWeights::kRounded, where the backend reads 8 bits as they are.
    Status linear(const std::string& name, std::int64_t rows, std::int64_t cols, DType rounded, Linear& out) {
        HEARTH_TRY(MatrixView matrix, view(name + ".weight", rows, cols));
        std::vector<std::byte> bytes;
        if (bert_.ops_.phases_differ()) rounded = DType::kBF16;
        if (weights_ == BertWeights::kRounded && cols % geometry(rounded).block == 0) {
            bytes = rounded == DType::kQ8_0 ? quantize_q8_0(matrix.type, matrix.bytes.data(), rows * cols)
                                            : round_to_bfloat16(matrix.type, matrix.bytes.data(), rows * cols);
            matrix = {rounded, rows, cols, bytes};
        }
        HEARTH_TRY(out.weight, bert_.ops_.load(matrix));
        if (out.weight->owned_bytes() == 0) out.rounded = std::move(bytes);
        bert_.owned_weight_bytes_ += out.weight->owned_bytes();
        return vector(name + ".bias", rows, out.bias);
    }

    Status load_type_rows() {
        const SafetensorsTensor* tensor = file_.tensor(prefix_ + "embeddings.token_type_embeddings.weight");
        const std::int64_t least = config_.output == BertOutput::kScore ? 2 : 1;
        if (tensor == nullptr || tensor->shape.size() != 2 || tensor->shape[0] < least ||
            tensor->shape[1] != config_.width)
            return Error(ErrorCode::kDataLoss, "the table of token types is missing or misshapen");
        const std::int64_t stored = std::min<std::int64_t>(2, tensor->shape[0]) * config_.width;
        bert_.type_rows_.resize(2 * static_cast<std::size_t>(config_.width));
        dequantize(tensor->type, tensor->bytes.data(), stored, bert_.type_rows_.data());
        return {};
    }

    /// Its names do not begin with the encoder's prefix, except the pooler's.
    Status load_classifier() {
        HEARTH_TRY_STATUS(linear("pooler.dense", config_.width, config_.width, DType::kBF16, bert_.pooler_));
        prefix_.clear();
        std::vector<float> bias;
        HEARTH_TRY(const MatrixView row, view("classifier.weight", 1, config_.width));
        bert_.classifier_.resize(static_cast<std::size_t>(config_.width));
        dequantize(row.type, row.bytes.data(), config_.width, bert_.classifier_.data());
        HEARTH_TRY_STATUS(vector("classifier.bias", 1, bias));
        bert_.classifier_bias_ = bias[0];
        return {};
    }

    const SafetensorsFile& file_;
    const BertWeights weights_;
    Bert& bert_;
    const BertConfig& config_;
    std::string prefix_;
};

Result<std::unique_ptr<Bert>> Bert::load(const SafetensorsFile& file, const BertConfig& config, BertWeights weights,
                                         Ops& ops) {
    auto bert = std::make_unique<Bert>(Bert(config, ops));
    HEARTH_TRY_STATUS(Loader(file, weights, *bert).run());
    return bert;
}

}  // namespace hearth::llm
