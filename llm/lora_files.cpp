#include "llm/lora_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"

namespace hearth::llm {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxConfigBytes = 1 << 20;

struct SiteName {
    LoraSite site;
    std::string_view gguf;
    std::string_view peft;
};
constexpr SiteName kSiteNames[] = {
    {LoraSite::kQ, "attn_q.weight", "self_attn.q_proj"},
    {LoraSite::kK, "attn_k.weight", "self_attn.k_proj"},
    {LoraSite::kV, "attn_v.weight", "self_attn.v_proj"},
    {LoraSite::kAttentionOutput, "attn_output.weight", "self_attn.o_proj"},
    {LoraSite::kGate, "ffn_gate.weight", "mlp.gate_proj"},
    {LoraSite::kUp, "ffn_up.weight", "mlp.up_proj"},
    {LoraSite::kDown, "ffn_down.weight", "mlp.down_proj"},
};

/// How a kind of file spells "layer 3's A of the query projection".
struct Spelling {
    std::string_view before_layer;
    std::string_view SiteName::*site;
    std::string_view a;
    std::string_view b;
};
constexpr Spelling kGgufSpelling{"blk.", &SiteName::gguf, ".lora_a", ".lora_b"};
constexpr Spelling kPeftSpelling{"base_model.model.model.layers.", &SiteName::peft, ".lora_A.weight", ".lora_B.weight"};

/// A matrix of a file, its rows outermost.
struct Matrix {
    std::string name;
    DType type = DType::kF32;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::span<const std::byte> bytes;
};

struct Half {
    int layer = 0;
    LoraSite site = LoraSite::kQ;
    bool is_b = false;
};

std::optional<Half> parse_name(std::string_view name, const Spelling& spelling) {
    if (!name.starts_with(spelling.before_layer)) return std::nullopt;
    name.remove_prefix(spelling.before_layer.size());
    Half out;
    const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), out.layer);
    if (failed != std::errc() || out.layer < 0) return std::nullopt;
    name.remove_prefix(static_cast<std::size_t>(end - name.data()));
    out.is_b = name.ends_with(spelling.b);
    if (!name.starts_with('.') || !(out.is_b || name.ends_with(spelling.a))) return std::nullopt;
    name = name.substr(1, name.size() - 1 - (out.is_b ? spelling.b : spelling.a).size());
    for (const SiteName& known : kSiteNames) {
        if (name != known.*spelling.site) continue;
        out.site = known.site;
        return out;
    }
    return std::nullopt;
}

std::string size_text(const Matrix& matrix) {
    return "tensor '" + matrix.name + "' is " + std::to_string(matrix.rows) + " x " + std::to_string(matrix.cols);
}

Error misfit(const Matrix& matrix, std::int64_t wanted, const std::string& what) {
    return Error(ErrorCode::kInvalidArgument, size_text(matrix) + ", but the model's layer has " +
                                                  std::to_string(wanted) + " " + what +
                                                  ": the adapter was made for another model");
}

bool is_feed_forward(LoraSite site) {
    return site == LoraSite::kGate || site == LoraSite::kUp || site == LoraSite::kDown;
}

/// Collects both halves of each pair.
class Reader {
  public:
    Reader(const DecoderConfig& config, const Spelling& spelling) : config_(config), spelling_(spelling) {}

    Status add(const Matrix& matrix) {
        const auto half = parse_name(matrix.name, spelling_);
        if (!half) {
            return Error(ErrorCode::kUnsupported,
                         "tensor '" + matrix.name + "' is no part of a LoRA of attention and feed-forward projections");
        }
        if (half->layer >= config_.layers) {
            return Error(ErrorCode::kInvalidArgument, "tensor '" + matrix.name + "' is of layer " +
                                                          std::to_string(half->layer) + ", but the model has " +
                                                          std::to_string(config_.layers) +
                                                          ": the adapter was made for another model");
        }
        if (config_.experts > 0 && is_feed_forward(half->site)) {
            return Error(ErrorCode::kUnsupported,
                         "tensor '" + matrix.name + "' changes a feed-forward block, of which the model has " +
                             std::to_string(config_.experts) + " a layer; adapters of its attention are possible");
        }
        const LoraShape shape = lora_shape(config_, half->site);
        if (half->is_b && matrix.rows != shape.rows) return misfit(matrix, shape.rows, "outputs");
        if (!half->is_b && matrix.cols != shape.cols) return misfit(matrix, shape.cols, "inputs");
        const std::int64_t rank = half->is_b ? matrix.cols : matrix.rows;
        if (rank < 1 || rank > kMaxLoraRank) {
            return Error(ErrorCode::kUnsupported,
                         size_text(matrix) + ": ranks from 1 to " + std::to_string(kMaxLoraRank) + " are possible");
        }
        auto& pair = found_[{half->layer, half->site}];
        (half->is_b ? pair.second : pair.first) = matrix;
        values_ += static_cast<std::size_t>(matrix.rows * matrix.cols);
        return {};
    }

    /// B is multiplied by `scale` of the pair's rank.
    Result<std::vector<LoraPair>> pairs(const std::function<double(double rank)>& scale,
                                        const ReserveMemory& reserve) const {
        HEARTH_TRY_STATUS(check_pairs());
        HEARTH_TRY_STATUS(reserve(lora_bytes(values_)));
        std::vector<LoraPair> out;
        for (const auto& [place, halves] : found_) {
            const auto& [a, b] = halves;
            LoraPair pair{place.first, place.second, a.rows, {}, {}};
            HEARTH_TRY(pair.a, values(a, 1.0));
            HEARTH_TRY(pair.b, values(b, scale(static_cast<double>(a.rows))));
            out.push_back(std::move(pair));
        }
        return out;
    }

  private:
    Status check_pairs() const {
        if (found_.empty()) return Error(ErrorCode::kDataLoss, "the adapter has no tensors");
        for (const auto& [place, halves] : found_) {
            const auto& [a, b] = halves;
            if (a.name.empty() || b.name.empty()) {
                return Error(ErrorCode::kDataLoss,
                             "tensor '" + (a.name.empty() ? b.name : a.name) + "' lacks its other half");
            }
            if (a.rows != b.cols) {
                return Error(ErrorCode::kDataLoss, size_text(a) + " and " + size_text(b) + ": their ranks differ");
            }
        }
        return {};
    }

    static Result<std::vector<float>> values(const Matrix& matrix, double scale) {
        const std::int64_t count = matrix.rows * matrix.cols;
        if (matrix.cols % geometry(matrix.type).block != 0) {
            return Error(ErrorCode::kDataLoss, size_text(matrix) + ": its rows are no whole blocks");
        }
        std::vector<float> out(static_cast<std::size_t>(count));
        dequantize(matrix.type, matrix.bytes.data(), count, out.data());
        for (float& value : out) {
            value = static_cast<float>(value * scale);
            if (!std::isfinite(value)) {
                return Error(ErrorCode::kDataLoss, "tensor '" + matrix.name + "' holds values that are not finite");
            }
        }
        return out;
    }

    const DecoderConfig& config_;
    const Spelling& spelling_;
    std::map<std::pair<int, LoraSite>, std::pair<Matrix, Matrix>> found_;
    std::size_t values_ = 0;
};

/// PEFT stores the rows of a head in halves; GGUF's `llama` turns neighbours. The order that a converted model has.
void interleave_rows(std::vector<float>& b, std::int64_t rank, int heads, int head_dim) {
    const std::vector<float> halves = b;
    const std::int64_t half = head_dim / 2;
    for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t row = 0; row < head_dim; ++row) {
            const std::int64_t from = head * head_dim + (row % 2) * half + row / 2;
            const std::int64_t to = head * head_dim + row;
            std::copy_n(halves.begin() + from * rank, rank, b.begin() + to * rank);
        }
    }
}

Error unsupported_setting(const std::string& setting) {
    return Error(ErrorCode::kUnsupported, std::string(kPeftConfig) + ": " + setting + " is not possible");
}

struct PeftScale {
    double alpha = 0;
    bool by_root = false;
};

bool is_set(const json& config, const char* key) {
    const auto found = config.find(key);
    if (found == config.end() || found->is_null()) return false;
    if (found->is_boolean()) return found->get<bool>();
    return !found->empty();
}

Result<PeftScale> read_scale(std::string_view text) {
    auto config = parse_json(text);
    if (!config.ok()) return Error(ErrorCode::kDataLoss, std::string(kPeftConfig) + ": " + config.error().message);
    if (!config->is_object()) return Error(ErrorCode::kDataLoss, std::string(kPeftConfig) + " is no JSON object");
    if (config->value("peft_type", json()) != "LORA") return unsupported_setting("a peft_type other than LORA");
    for (const char* key : {"use_dora", "modules_to_save", "fan_in_fan_out", "alpha_pattern", "layer_replication",
                            "alora_invocation_tokens", "use_qalora", "use_bdlora", "lora_bias", "target_parameters",
                            "trainable_token_indices"}) {
        if (is_set(*config, key)) return unsupported_setting(key);
    }
    if (is_set(*config, "bias") && (*config)["bias"] != "none") return unsupported_setting("a trained bias");
    const json alpha = config->value("lora_alpha", json());
    if (!alpha.is_number()) return Error(ErrorCode::kDataLoss, std::string(kPeftConfig) + " has no lora_alpha");
    return PeftScale{alpha.get<double>(), is_set(*config, "use_rslora")};
}

}  // namespace

Result<std::vector<LoraPair>> read_lora(const GgufFile& file, const DecoderConfig& config,
                                        const ReserveMemory& reserve) {
    const auto type = file.text("adapter.type");
    if (!type.ok() || *type != "lora") {
        return Error(ErrorCode::kUnsupported, "the file is no LoRA adapter (its adapter.type is not 'lora')");
    }
    HEARTH_TRY(const std::string architecture, file.text("general.architecture"));
    if (architecture != config.architecture) {
        return Error(ErrorCode::kInvalidArgument, "the adapter is for the architecture '" + architecture +
                                                      "', but the model is '" + config.architecture + "'");
    }
    Reader reader(config, kGgufSpelling);
    for (const GgufTensor& tensor : file.tensors()) {
        if (tensor.dims.size() != 2) {
            return Error(ErrorCode::kUnsupported, "tensor '" + tensor.name + "' is no matrix");
        }
        HEARTH_TRY_STATUS(reader.add({tensor.name, tensor.type, tensor.dims[1], tensor.dims[0], tensor.bytes}));
    }
    const double alpha = file.number_or("adapter.lora.alpha", 0);  // 0: as trained, without a scale
    return reader.pairs([&](double rank) { return alpha == 0 ? 1.0 : alpha / rank; }, reserve);
}

Result<std::vector<LoraPair>> read_lora(std::string_view peft_config, const SafetensorsFile& file,
                                        const DecoderConfig& config, const ReserveMemory& reserve) {
    HEARTH_TRY(const PeftScale scale, read_scale(peft_config));
    Reader reader(config, kPeftSpelling);
    for (const auto& [name, tensor] : file.tensors()) {
        if (tensor.shape.size() != 2) return Error(ErrorCode::kUnsupported, "tensor '" + name + "' is no matrix");
        HEARTH_TRY_STATUS(reader.add({name, tensor.type, tensor.shape[0], tensor.shape[1], tensor.bytes}));
    }
    HEARTH_TRY(
        std::vector<LoraPair> pairs,
        reader.pairs([&](double rank) { return scale.alpha / (scale.by_root ? std::sqrt(rank) : rank); }, reserve));
    if (config.rope_style != RopeStyle::kInterleaved) return pairs;
    for (LoraPair& pair : pairs) {
        if (pair.site == LoraSite::kQ) interleave_rows(pair.b, pair.rank, config.heads, config.head_dim);
        if (pair.site == LoraSite::kK) interleave_rows(pair.b, pair.rank, config.kv_heads, config.head_dim);
    }
    return pairs;
}

Result<std::vector<LoraPair>> read_lora(const std::string& path, const DecoderConfig& config,
                                        const ReserveMemory& reserve) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
        HEARTH_TRY(const std::unique_ptr<GgufFile> file, GgufFile::open(path));
        return read_lora(*file, config, reserve);
    }
    HEARTH_TRY(const std::string peft_config, read_file(path + "/" + kPeftConfig, kMaxConfigBytes));
    HEARTH_TRY(const std::unique_ptr<SafetensorsFile> file, SafetensorsFile::open(path + "/" + kPeftWeights));
    return read_lora(peft_config, *file, config, reserve);
}

}  // namespace hearth::llm
