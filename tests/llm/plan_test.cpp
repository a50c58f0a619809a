#include "llm/plan.h"

#include <fstream>

#include <gtest/gtest.h>

#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace hearth::llm {
namespace {

class PlanTest : public testing::Test {
  protected:
    EngineOptions options(const test::TinyModelOptions& tiny = {}) {
        EngineOptions out;
        out.model_path = directory_.path("tiny.gguf");
        out.threads = 1;
        std::ofstream(out.model_path, std::ios::binary) << test::tiny_model(tiny);
        return out;
    }
    test::TempDir directory_;
    MemoryLedger ledger_{std::size_t{2} << 30};
};

TEST_F(PlanTest, PlansWhatOpeningReserves) {
    for (const test::TinyModelOptions& tiny :
         {test::TinyModelOptions{}, test::TinyModelOptions{.tied_head = false},
          test::TinyModelOptions{.architecture = "qwen3moe", .experts = 8, .quantised = true}}) {
        const EngineOptions wanted = options(tiny);
        const auto plan = plan_model(wanted, ledger_);
        ASSERT_TRUE(plan.ok()) << plan.error().message;
        EXPECT_EQ(ledger_.used_bytes(), 0u);
        const auto model = open_text_model(wanted, ledger_);
        ASSERT_TRUE(model.ok());
        EXPECT_EQ(plan->total_bytes(), ledger_.used_bytes());
        EXPECT_EQ(plan->context_tokens, 512);
        EXPECT_EQ(plan->kv_tokens, 1024);
        EXPECT_GT(plan->predicted_decode_tokens_per_second, 0);
        EXPECT_GT(plan->predicted_prefill_tokens_per_second, 0);
    }
}

TEST_F(PlanTest, EightBitsMakeKeysAndValuesSmaller) {
    EngineOptions wanted = options();
    const auto full = plan_memory(wanted).value();
    wanted.kv_bits = 8;
    const auto small = plan_memory(wanted).value();
    EXPECT_LT(small.kv_bytes, full.kv_bytes);
    const auto model = open_text_model(wanted, ledger_);
    ASSERT_TRUE(model.ok());
    EXPECT_EQ(small.total_bytes(), ledger_.used_bytes());
}

TEST_F(PlanTest, FollowsTheOptions) {
    EngineOptions wanted = options();
    wanted.context_tokens = 100;
    wanted.kv_tokens = 160;
    const auto plan = plan_model(wanted, ledger_);
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    EXPECT_EQ(plan->context_tokens, 100);
    EXPECT_EQ(plan->trained_context_tokens, 512);
    EXPECT_EQ(plan->kv_bytes, 160 * plan->kv_bytes_per_token);
}

TEST_F(PlanTest, OfAMixtureATokenReadsTheExpertsItUses) {
    const auto bytes_per_token = [&](std::uint32_t used) {
        const auto plan = plan_model(options({.experts = 8, .experts_used = used}), ledger_).value();
        return plan.read_bandwidth_bytes_per_second / plan.predicted_decode_tokens_per_second;  // bytes of a token
    };
    const double expert = 2 * 3.0 * test::kTinyWidth * test::kTinyExpertFeedForward * sizeof(float);  // in two layers
    EXPECT_NEAR(bytes_per_token(5) - bytes_per_token(2), 3 * expert, 1);
}

TEST_F(PlanTest, NamesTheFileItCannotPlan) {
    EngineOptions wanted = options({.architecture = "mamba"});
    EXPECT_EQ(plan_model(wanted, ledger_).error().code, ErrorCode::kUnsupported);
    wanted.model_path = directory_.path("absent.gguf");
    const auto absent = plan_model(wanted, ledger_);
    ASSERT_FALSE(absent.ok());
    EXPECT_NE(absent.error().message.find("absent.gguf"), std::string::npos);
}

}  // namespace
}  // namespace hearth::llm
