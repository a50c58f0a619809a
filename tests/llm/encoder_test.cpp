// all-MiniLM-L6-v2 against an independent forward pass (tests/golden/minilm.json), on both paths.
#include "llm/encoder.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "support/models.h"
#include "support/temp_dir.h"

namespace hearth::llm {
namespace {

constexpr const char* kModel = "all-MiniLM-L6-v2";

class EncoderPaths : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        const std::string path = test::model_path(kModel);
        if (path.empty()) GTEST_SKIP() << kModel << " is not in " << test::models_directory();
        auto opened = open_embedding_model({.model_directory = path, .reference = GetParam()}, ledger_);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        model_ = std::move(opened).value();
    }

    MemoryLedger ledger_{std::size_t{1} << 30};
    std::unique_ptr<EmbeddingModel> model_;
};

TEST_P(EncoderPaths, AgreesWithTheGoldenEmbeddings) {
    auto text = read_file(std::string(HEARTH_SOURCE_DIR) + "/tests/golden/minilm.json", 1 << 20);
    ASSERT_TRUE(text.ok());
    const auto cases = parse_json(text.value());
    ASSERT_TRUE(cases.ok());
    std::vector<std::string> texts;
    std::vector<std::vector<float>> expected;
    for (const auto& item : cases.value()) {
        if (GetParam() && item["ids"].size() > 64) continue;  // seconds on the scalar path
        texts.push_back(item["text"]);
        expected.push_back(item["embedding"]);
    }
    const auto embedded = model_->embed(texts);
    ASSERT_TRUE(embedded.ok()) << embedded.error().message;
    const auto width = static_cast<std::size_t>(model_->dimensions());
    ASSERT_EQ(embedded.value().size(), texts.size() * width);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        double square = 0, dot = 0, largest = 0;
        for (std::size_t j = 0; j < width; ++j) {
            const double actual = embedded.value()[i * width + j];
            square += actual * actual;
            dot += actual * expected[i][j];
            largest = std::max(largest, std::fabs(actual - expected[i][j]));
        }
        EXPECT_NEAR(square, 1.0, 1e-5);
        // The golden has six decimals and float32 sums of its own. On the fast path the direction counts: searches
        // rank by it, and 0.9995 is what rounding may cost (BertWeights says what it does cost).
        if (GetParam()) {
            EXPECT_LE(largest, 1e-5) << texts[i].substr(0, 60);
        }
        EXPECT_GE(dot, 0.9995) << texts[i].substr(0, 60);
        RecordProperty("cosine_" + std::to_string(i), std::to_string(dot));
    }
}

TEST_P(EncoderPaths, ATextDoesNotDependOnItsBatch) {
    std::vector<std::string> texts;
    for (int i = 0; i < (GetParam() ? 4 : 80); ++i)
        texts.push_back("Text number " + std::to_string(i) + " of a batch.");
    const auto together = model_->embed(texts);
    ASSERT_TRUE(together.ok());
    const auto width = static_cast<std::size_t>(model_->dimensions());
    for (const std::size_t i : {std::size_t{0}, texts.size() / 2, texts.size() - 1}) {
        const auto alone = model_->embed({&texts[i], 1});
        ASSERT_TRUE(alone.ok());
        for (std::size_t j = 0; j < width; ++j)
            ASSERT_NEAR(alone.value()[j], together.value()[i * width + j], 1e-6) << i;
    }
}

TEST_P(EncoderPaths, CancelledAndEmptyBatches) {
    std::stop_source stop;
    stop.request_stop();
    const std::vector<std::string> texts{"a"};
    EXPECT_EQ(model_->embed(texts, stop.get_token()).error().code, ErrorCode::kCancelled);
    EXPECT_TRUE(model_->embed({}).value().empty());
    const std::vector<std::string> empty{""};
    EXPECT_EQ(model_->embed(empty).value().size(), 384u);
    EXPECT_EQ(model_->max_tokens(), 256);
    EXPECT_EQ(model_->id(), kModel);
}

TEST_P(EncoderPaths, TokenSpansCoverTheWords) {
    const std::string text = "Gas turbines, again.";
    const auto spans = model_->token_spans(text);
    ASSERT_GE(spans.size(), 5u);
    EXPECT_EQ(text.substr(spans[0].start, spans[0].end - spans[0].start), "Gas");
    EXPECT_EQ(spans.back().end, text.size());
}

INSTANTIATE_TEST_SUITE_P(Paths, EncoderPaths, testing::Bool(),
                         [](const auto& param) { return param.param ? "reference" : "fast"; });

TEST(Encoder, ManyThreadsShareOneModel) {
    const std::string path = test::model_path(kModel);
    if (path.empty()) GTEST_SKIP() << kModel << " is not in " << test::models_directory();
    MemoryLedger ledger(std::size_t{1} << 30);
    auto model = open_embedding_model({.model_directory = path}, ledger);
    ASSERT_TRUE(model.ok());
    const std::vector<std::string> texts{"The same text for every thread."};
    const auto expected = model.value()->embed(texts);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 5; ++round) EXPECT_EQ(model.value()->embed(texts).value(), expected.value());
        });
    }
}

TEST(Encoder, PoolsTheFirstPositionWhereTheModelSaysSo) {
    const std::string path = test::model_path(kModel);
    if (path.empty()) GTEST_SKIP() << kModel << " is not in " << test::models_directory();
    const test::TempDir folder;
    for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"})
        std::filesystem::create_symlink(path + "/" + name, folder.path(name));
    std::filesystem::create_directory(folder.path("1_Pooling"));
    std::ofstream(folder.path("1_Pooling/config.json"))
        << R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})";
    MemoryLedger ledger(std::size_t{1} << 30);
    const std::vector<std::string> texts{"Gas turbines, again.", "x"};
    std::vector<std::vector<float>> found;
    for (const bool reference : {false, true}) {
        auto first = open_embedding_model({.model_directory = folder.path(), .reference = reference}, ledger);
        ASSERT_TRUE(first.ok()) << first.error().message;
        found.push_back((*first)->embed(texts).value());
    }
    const auto mean = (*open_embedding_model({.model_directory = path}, ledger))->embed(texts).value();
    double likeness = 0;  // of the pooled directions: 1 would mean that the setting changes nothing
    for (std::size_t i = 0; i < mean.size() / 2; ++i) likeness += static_cast<double>(mean[i]) * found[0][i];
    EXPECT_LT(likeness, 0.99);
    // One position alone: the rounding of the fast path is not averaged over the text.
    for (std::size_t row = 0; row < texts.size(); ++row) {
        double cosine = 0;
        const std::size_t width = mean.size() / texts.size();
        for (std::size_t i = row * width; i < (row + 1) * width; ++i)
            cosine += static_cast<double>(found[0][i]) * found[1][i];
        EXPECT_GE(cosine, 0.9995) << texts[row];
        RecordProperty("cosine_" + std::to_string(row), std::to_string(cosine));
    }
}

TEST(Encoder, ErrorsNameTheFolder) {
    MemoryLedger ledger(1 << 20);
    const test::TempDir empty;
    const auto missing = open_embedding_model({.model_directory = empty.path()}, ledger);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_NE(missing.error().message.find(empty.path()), std::string::npos);
}

}  // namespace
}  // namespace hearth::llm
