// A tiny cross-encoder against what transformers computes (tests/golden/make_reranker.py), on both paths.
#include "llm/reranker.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "llm/golden_paths.h"
#include "support/temp_dir.h"

namespace hearth::llm {
namespace {

class RerankerPaths : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        auto opened = open_rerank_model(
            {.model_directory = test::golden_path("reranker"), .threads = 2, .reference = GetParam()}, ledger_);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        model_ = std::move(opened).value();
    }

    MemoryLedger ledger_{std::size_t{64} << 20};
    std::unique_ptr<RerankModel> model_;
};

TEST_P(RerankerPaths, ScoresPairsAsTransformersDoes) {
    const auto cases = parse_json(read_file(test::golden_path("reranker/logits.json"), 1 << 20).value()).value();
    // A logit of size 1 is some 13 products deep. In float32 each of them rounds once (2^-24): 13 come to 8e-7,
    // and 2e-6 are allowed. The fast path rounds weights and activations to 8 bits before each product (2^-9 at
    // most, 2^-9 / sqrt(3) on average); 26 independent roundings come to sqrt(26 / 3) 2^-9 a standard deviation, of
    // which five are allowed.
    const double tolerance = GetParam() ? 2e-6 : 5 * std::sqrt(2 * 13 / 3.0) * std::exp2(-9);
    for (const auto& each : cases) {
        const auto texts = each["texts"].get<std::vector<std::string>>();
        const auto scores = model_->score(each["query"], texts);
        ASSERT_TRUE(scores.ok()) << scores.error().message;
        EXPECT_EQ(scores->tokens, each["tokens"].get<std::size_t>());
        ASSERT_EQ(scores->logits.size(), texts.size());
        for (std::size_t i = 0; i < texts.size(); ++i)
            EXPECT_NEAR(scores->logits[i], each["logits"][i].get<double>(), tolerance) << each["query"] << " " << i;
    }
}

TEST_P(RerankerPaths, APairDoesNotDependOnItsBatch) {
    std::vector<std::string> texts;
    for (int i = 0; i < 60; ++i) texts.push_back(std::string(i % 2 ? "clay " : "the sea ") + std::to_string(i));
    const auto together = model_->score("how is a kiln heated", texts).value();
    for (const std::size_t i : {0u, 31u, 59u}) {
        const auto alone = model_->score("how is a kiln heated", {&texts[i], 1}).value();
        EXPECT_NEAR(alone.logits[0], together.logits[i], 1e-6) << i;
    }
}

TEST_P(RerankerPaths, CancelledAndEmptyBatches) {
    std::stop_source stop;
    stop.request_stop();
    const std::vector<std::string> texts{"a"};
    EXPECT_EQ(model_->score("q", texts, stop.get_token()).error().code, ErrorCode::kCancelled);
    EXPECT_TRUE(model_->score("q", {})->logits.empty());
    EXPECT_EQ(model_->id(), "reranker");
    EXPECT_EQ(model_->max_tokens(), 48);
    EXPECT_GT(ledger_.used_bytes(), 0u);
    model_.reset();
    EXPECT_EQ(ledger_.used_bytes(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Paths, RerankerPaths, testing::Bool(),
                         [](const auto& param) { return param.param ? "reference" : "fast"; });

/// The tiny model with other text in place of `from` in its config.json.
Error refusal(const std::string& from, const std::string& to) {
    const test::TempDir folder;
    for (const char* name : {"tokenizer.json", "model.safetensors"})
        std::filesystem::create_symlink(test::golden_path(std::string("reranker/") + name), folder.path(name));
    std::string config = read_file(test::golden_path("reranker/config.json"), 1 << 20).value();
    const std::size_t at = config.find(from);
    EXPECT_NE(at, std::string::npos);
    std::ofstream(folder.path("config.json")) << config.replace(at, from.size(), to);
    MemoryLedger ledger(std::size_t{64} << 20);
    const auto opened = open_rerank_model({.model_directory = folder.path(), .threads = 1}, ledger);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Error(ErrorCode::kInternal, "opened") : opened.error();
}

TEST(Reranker, RefusesWhatIsNoCrossEncoderOfOneLabel) {
    const Error embedder = refusal("BertForSequenceClassification", "BertModel");
    EXPECT_EQ(embedder.code, ErrorCode::kUnsupported);
    EXPECT_NE(embedder.message.find("BertForSequenceClassification of one label"), std::string::npos);
    EXPECT_EQ(refusal("\"0\": \"LABEL_0\"", "\"0\": \"no\", \"1\": \"yes\"").code, ErrorCode::kUnsupported);
    EXPECT_EQ(refusal("\"hidden_size\": 32", "\"hidden_size\": 64").code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace hearth::llm
