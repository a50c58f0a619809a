#include "llm/encoder.h"

#include <algorithm>

#include "llm/bert_model.h"

namespace hearth::llm {
namespace {

class SentenceEncoder : public EmbeddingModel {
  public:
    explicit SentenceEncoder(std::unique_ptr<BertModel> model) : model_(std::move(model)) {}

    const std::string& id() const override { return model_->id(); }
    int dimensions() const override { return model_->config().width; }
    int max_tokens() const override { return model_->config().max_tokens; }
    const std::string& isa() const override { return model_->isa(); }

    Result<std::vector<float>> embed(std::span<const std::string> texts, std::stop_token cancel) override {
        return model_->run(
            texts.size(), [&](std::size_t i) { return model_input(texts[i]); }, cancel);
    }

    std::vector<TokenSpan> token_spans(std::string_view text) const override {
        std::vector<TokenSpan> spans;
        for (const WordPieceTokenizer::Token& token : model_->tokenizer().encode(text)) spans.push_back(token.span);
        return spans;
    }

  private:
    /// [CLS] text [SEP], cut to the longest input.
    BertInput model_input(std::string_view text) const {
        const std::vector<WordPieceTokenizer::Token> tokens = model_->tokenizer().encode(text);
        const std::size_t kept = std::min(tokens.size(), static_cast<std::size_t>(max_tokens()) - 2);
        BertInput input{{model_->tokenizer().cls()}};
        for (std::size_t i = 0; i < kept; ++i) input.ids.push_back(tokens[i].id);
        input.ids.push_back(model_->tokenizer().sep());
        input.second = input.ids.size();
        return input;
    }

    std::unique_ptr<BertModel> model_;
};

}  // namespace

Result<std::unique_ptr<EmbeddingModel>> open_embedding_model(const EncoderOptions& options, MemoryLedger& ledger) {
    HEARTH_TRY(auto model, BertModel::open(options, BertUse::kEmbed, "embedder", ledger));
    return std::unique_ptr<EmbeddingModel>(std::make_unique<SentenceEncoder>(std::move(model)));
}

}  // namespace hearth::llm
