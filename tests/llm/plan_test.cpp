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
    for (const bool tied : {true, false}) {
        const EngineOptions wanted = options({.context = 512, .tied_head = tied});
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
