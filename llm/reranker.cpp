#include "llm/reranker.h"

#include <algorithm>

#include "llm/bert_model.h"

namespace hearth::llm {
namespace {

using Tokens = std::vector<WordPieceTokenizer::Token>;

class CrossEncoder : public RerankModel {
  public:
    explicit CrossEncoder(std::unique_ptr<BertModel> model) : model_(std::move(model)) {}

    const std::string& id() const override { return model_->id(); }
    int max_tokens() const override { return model_->config().max_tokens; }
    const std::string& isa() const override { return model_->isa(); }

    Result<Scores> score(const std::string& query, std::span<const std::string> texts,
                         std::stop_token cancel) override {
        const Tokens asked = model_->tokenizer().encode(query);
        Scores out;
        const auto input = [&](std::size_t i) {
            BertInput pair = model_input(asked, model_->tokenizer().encode(texts[i]));
            out.tokens += pair.ids.size();
            return pair;
        };
        HEARTH_TRY(out.logits, model_->run(texts.size(), input, cancel));
        return out;
    }

  private:
    /// [CLS] query [SEP] text [SEP].
    BertInput model_input(const Tokens& query, const Tokens& text) const {
        const std::size_t room = static_cast<std::size_t>(max_tokens()) - 3;
        std::size_t of_query = query.size(), of_text = text.size();
        if (of_query + of_text > room) {  // the shorter keeps up to half
            const bool query_is_shorter = of_query <= of_text;
            const std::size_t of_shorter = std::min({of_query, of_text, room / 2});
            of_query = query_is_shorter ? of_shorter : room - of_shorter;
            of_text = room - of_query;
        }
        BertInput input{{model_->tokenizer().cls()}};
        for (std::size_t i = 0; i < of_query; ++i) input.ids.push_back(query[i].id);
        input.ids.push_back(model_->tokenizer().sep());
        input.second = input.ids.size();
        for (std::size_t i = 0; i < of_text; ++i) input.ids.push_back(text[i].id);
        input.ids.push_back(model_->tokenizer().sep());
        return input;
    }

    std::unique_ptr<BertModel> model_;
};

}  // namespace

Result<std::unique_ptr<RerankModel>> open_rerank_model(const EncoderOptions& options, MemoryLedger& ledger) {
    HEARTH_TRY(auto model, BertModel::open(options, BertUse::kScore, "reranker", ledger));
    if (model->config().max_tokens < 5)
        return Error(ErrorCode::kDataLoss, "reranker " + options.model_directory + ": its longest input holds no pair");
    return std::unique_ptr<RerankModel>(std::make_unique<CrossEncoder>(std::move(model)));
}

}  // namespace hearth::llm
