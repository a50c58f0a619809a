#include "llm/bert_model.h"

#include <filesystem>
#include <mutex>
#include <new>

#include "core/file.h"
#include "llm/device.h"
#include "llm/safetensors.h"

namespace hearth::llm {
namespace {

constexpr std::size_t kMaxTokenizerBytes = 64u << 20;

Status check_vocabulary(const WordPieceTokenizer& tokenizer, const BertConfig& config) {
    const auto inside = [&](int id) { return id >= 0 && id < config.vocabulary; };
    if (tokenizer.size() > config.vocabulary || !inside(tokenizer.cls()) || !inside(tokenizer.sep())) {
        return Error(ErrorCode::kDataLoss, "tokenizer.json has " + std::to_string(tokenizer.size()) +
                                               " tokens, but config.json a vocabulary of " +
                                               std::to_string(config.vocabulary));
    }
    return {};
}

}  // namespace

/// Texts back to back.
struct BertModel::SubBatch {
    std::vector<std::int32_t> ids, types;
    std::vector<std::int32_t> starts{0};

    std::size_t texts() const { return starts.size() - 1; }
    void add(const BertInput& text) {
        ids.insert(ids.end(), text.ids.begin(), text.ids.end());
        types.resize(types.size() + text.second, 0);
        types.resize(ids.size(), 1);
        starts.push_back(static_cast<std::int32_t>(ids.size()));
    }
};

Result<std::unique_ptr<BertModel>> BertModel::open_parts(const EncoderOptions& options, BertUse use, const char* lease,
                                                         MemoryLedger& ledger) {
    const std::string& directory = options.model_directory;
    auto model = std::make_unique<BertModel>();
    model->id_ = std::filesystem::path(directory + "/").lexically_normal().parent_path().filename().string();
    HEARTH_TRY(model->config_, read_bert_config(directory, use));
    HEARTH_TRY(const std::string tokenizer, read_file(directory + "/tokenizer.json", kMaxTokenizerBytes));
    HEARTH_TRY(model->tokenizer_, make_wordpiece_tokenizer(tokenizer));
    HEARTH_TRY_STATUS(check_vocabulary(*model->tokenizer_, model->config_));
    HEARTH_TRY(model->file_, SafetensorsFile::open(directory + "/model.safetensors"));
    HEARTH_TRY(model->ops_, open_device({.kind = options.reference ? DeviceKind::kReference : DeviceKind::kCpu,
                                         .threads = options.threads}));
    model->isa_ = model->ops_->isa();
    std::size_t bytes = Bert::scratch_bytes(model->config_, model->ops_->threads());
    for (const auto& [name, tensor] : model->file_->tensors()) bytes += tensor.bytes.size();
    HEARTH_TRY(model->lease_, ledger.reserve(lease, bytes));
    const BertWeights weights = options.reference ? BertWeights::kAsStored : BertWeights::kRounded;
    HEARTH_TRY(model->bert_, Bert::load(*model->file_, model->config_, weights, *model->ops_));
    return model;
}

Result<std::unique_ptr<BertModel>> BertModel::open(const EncoderOptions& options, BertUse use, const char* lease,
                                                   MemoryLedger& ledger) {
    const std::string subject = (use == BertUse::kScore ? "reranker " : "embedding model ") + options.model_directory;
    try {
        auto model = open_parts(options, use, lease, ledger);
        if (!model.ok()) return Error(model.error().code, subject + ": " + model.error().message);
        return model;
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, subject + ": the system has no memory left for it");
    }
}

Result<std::vector<float>> BertModel::run(std::size_t count, const std::function<BertInput(std::size_t)>& input,
                                          const std::stop_token& cancel) {
    const auto width = static_cast<std::size_t>(config_.output_width());
    std::vector<float> out(count * width);
    float* row = out.data();
    SubBatch batch;
    const auto batch_tokens = static_cast<std::size_t>(bert_->batch_tokens());
    for (std::size_t i = 0; i < count; ++i) {
        const BertInput text = input(i);
        if (batch.ids.size() + text.ids.size() > batch_tokens && batch.texts() > 0) {
            HEARTH_TRY_STATUS(run(batch, row, cancel));
            row += batch.texts() * width;
            batch = {};
        }
        batch.add(text);
    }
    if (batch.texts() > 0) HEARTH_TRY_STATUS(run(batch, row, cancel));
    return out;
}

Status BertModel::run(const SubBatch& batch, float* out, const std::stop_token& cancel) {
    const std::lock_guard lock(turnstile_);
    if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "the computation was cancelled");
    try {
        bert_->compute({batch.ids, batch.types, batch.starts}, out);
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, "the system has no memory left to compute these texts");
    }
    return {};
}

}  // namespace hearth::llm
