#include "llm/encoder.h"

#include <filesystem>
#include <new>

#include "core/file.h"
#include "llm/bert.h"
#include "llm/device.h"
#include "llm/safetensors.h"
#include "llm/tokenizer.h"
#include "llm/turnstile.h"

namespace hearth::llm {
namespace {

constexpr std::size_t kMaxTokenizerBytes = 64u << 20;

/// Texts of one sub-batch, back to back.
struct SubBatch {
    std::vector<std::int32_t> ids;
    std::vector<std::int32_t> starts{0};

    std::size_t texts() const { return starts.size() - 1; }
    void add(const std::vector<std::int32_t>& text) {
        ids.insert(ids.end(), text.begin(), text.end());
        starts.push_back(static_cast<std::int32_t>(ids.size()));
    }
};

class SentenceEncoder : public EmbeddingModel {
  public:
    struct Parts {
        std::string id;
        BertConfig config;
        std::unique_ptr<WordPieceTokenizer> tokenizer;
        std::unique_ptr<SafetensorsFile> file;
        std::unique_ptr<Ops> ops;
        std::unique_ptr<Bert> bert;  // borrows file and ops: destroyed before them
        MemoryLedger::Lease lease;
    };

    explicit SentenceEncoder(Parts parts) : parts_(std::move(parts)), isa_(parts_.ops->isa()) {}

    const std::string& id() const override { return parts_.id; }
    int dimensions() const override { return parts_.config.width; }
    int max_tokens() const override { return parts_.config.max_tokens; }
    const std::string& isa() const override { return isa_; }

    Result<std::vector<float>> embed(std::span<const std::string> texts, std::stop_token cancel) override {
        const auto width = static_cast<std::size_t>(parts_.config.width);
        std::vector<float> out(texts.size() * width);
        float* row = out.data();
        SubBatch batch;
        const auto batch_tokens = static_cast<std::size_t>(parts_.bert->batch_tokens());
        for (const std::string& text : texts) {
            const std::vector<std::int32_t> ids = model_input(text);
            if (batch.ids.size() + ids.size() > batch_tokens && batch.texts() > 0) {
                HEARTH_TRY_STATUS(run(batch, row, cancel));
                row += batch.texts() * width;
                batch = {};
            }
            batch.add(ids);
        }
        if (batch.texts() > 0) HEARTH_TRY_STATUS(run(batch, row, cancel));
        return out;
    }

    std::vector<TokenSpan> token_spans(std::string_view text) const override {
        std::vector<TokenSpan> spans;
        for (const WordPieceTokenizer::Token& token : parts_.tokenizer->encode(text)) spans.push_back(token.span);
        return spans;
    }

  private:
    /// [CLS] text [SEP], cut to the longest input.
    std::vector<std::int32_t> model_input(std::string_view text) const {
        const std::vector<WordPieceTokenizer::Token> tokens = parts_.tokenizer->encode(text);
        const std::size_t kept = std::min(tokens.size(), static_cast<std::size_t>(parts_.config.max_tokens) - 2);
        std::vector<std::int32_t> ids{parts_.tokenizer->cls()};
        for (std::size_t i = 0; i < kept; ++i) ids.push_back(tokens[i].id);
        ids.push_back(parts_.tokenizer->sep());
        return ids;
    }

    Status run(const SubBatch& batch, float* out, const std::stop_token& cancel) {
        const std::lock_guard lock(turnstile_);
        if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "embedding was cancelled");
        try {
            parts_.bert->embed(batch.ids, batch.starts, out);
        } catch (const std::bad_alloc&) {
            return Error(ErrorCode::kResourceExhausted, "the system has no memory left to embed these texts");
        }
        return {};
    }

    Parts parts_;
    std::string isa_;
    Turnstile turnstile_;
};

Status check_vocabulary(const WordPieceTokenizer& tokenizer, const BertConfig& config) {
    const auto inside = [&](int id) { return id >= 0 && id < config.vocabulary; };
    if (tokenizer.size() > config.vocabulary || !inside(tokenizer.cls()) || !inside(tokenizer.sep())) {
        return Error(ErrorCode::kDataLoss, "tokenizer.json has " + std::to_string(tokenizer.size()) +
                                               " tokens, but config.json a vocabulary of " +
                                               std::to_string(config.vocabulary));
    }
    return {};
}

Result<SentenceEncoder::Parts> open_parts(const EncoderOptions& options, MemoryLedger& ledger) {
    const std::string& directory = options.model_directory;
    SentenceEncoder::Parts parts;
    parts.id = std::filesystem::path(directory + "/").lexically_normal().parent_path().filename().string();
    HEARTH_TRY(parts.config, read_bert_config(directory));
    HEARTH_TRY(const std::string tokenizer, read_file(directory + "/tokenizer.json", kMaxTokenizerBytes));
    HEARTH_TRY(parts.tokenizer, make_wordpiece_tokenizer(tokenizer));
    HEARTH_TRY_STATUS(check_vocabulary(*parts.tokenizer, parts.config));
    HEARTH_TRY(parts.file, SafetensorsFile::open(directory + "/model.safetensors"));
    HEARTH_TRY(parts.ops, open_device({.kind = options.reference ? DeviceKind::kReference : DeviceKind::kCpu,
                                       .threads = options.threads}));
    std::size_t bytes = Bert::scratch_bytes(parts.config, parts.ops->threads());
    for (const auto& [name, tensor] : parts.file->tensors()) bytes += tensor.bytes.size();
    HEARTH_TRY(parts.lease, ledger.reserve("embedder", bytes));
    const BertWeights weights = options.reference ? BertWeights::kAsStored : BertWeights::kRounded;
    HEARTH_TRY(parts.bert, Bert::load(*parts.file, parts.config, weights, *parts.ops));
    return parts;
}

Result<SentenceEncoder::Parts> open_or_run_out(const EncoderOptions& options, MemoryLedger& ledger) {
    try {
        return open_parts(options, ledger);
    } catch (const std::bad_alloc&) {
        return Error(ErrorCode::kResourceExhausted, "the system has no memory left for it");
    }
}

}  // namespace

Result<std::unique_ptr<EmbeddingModel>> open_embedding_model(const EncoderOptions& options, MemoryLedger& ledger) {
    auto parts = open_or_run_out(options, ledger);
    if (!parts.ok()) {
        return Error(parts.error().code, "embedding model " + options.model_directory + ": " + parts.error().message);
    }
    return std::unique_ptr<EmbeddingModel>(std::make_unique<SentenceEncoder>(std::move(parts).value()));
}

}  // namespace hearth::llm
