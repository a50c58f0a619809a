// Real models on the scalar path against an independent forward pass (golden_model.h). The fast path:
// fast_golden_test.cpp.
#include <cmath>

#include "llm/golden_model.h"

namespace hearth::llm {
namespace {

struct Case {
    const char* model;
    std::size_t prompts;  ///< the scalar path takes up to a second per token of the larger model
};

class ReferenceGolden : public testing::TestWithParam<Case> {};

TEST_P(ReferenceGolden, AgreesOnLogitsAndFollowsTheGreedyPath) {
    const std::string path = test::model_path(std::string(GetParam().model) + ".gguf");
    if (path.empty()) GTEST_SKIP() << GetParam().model << ".gguf is not in " << test::models_directory();
    GoldenModel model;
    ASSERT_NO_FATAL_FAILURE(model.open(path, make_reference_ops()));
    const auto passes = golden_passes(GetParam().model);
    ASSERT_GE(passes.size(), GetParam().prompts);
    for (std::size_t p = 0; p < GetParam().prompts; ++p) {
        const auto& item = passes[p];
        KvSequence sequence(*model.pool);
        std::vector<float> logits = model.step(item["ids"].get<std::vector<std::int32_t>>(), sequence);
        for (const auto& pair : item["top20"]) {
            const float expected = pair[1].get<float>();
            EXPECT_NEAR(logits[pair[0].get<std::size_t>()], expected, 1e-3f * std::abs(expected))
                << "token " << pair[0];
        }
        const auto greedy = item["greedy"].get<std::vector<std::int32_t>>();
        for (std::size_t i = 0; i < greedy.size(); ++i) {
            const std::int32_t best = best_of(logits);
            ASSERT_EQ(best, greedy[i]) << "prompt " << p << ", step " << i;
            if (i + 1 < greedy.size()) logits = model.step({&best, 1}, sequence);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Models, ReferenceGolden,
                         testing::Values(Case{"qwen2.5-coder-0.5b-instruct-q4_k_m", 1},
                                         Case{"smollm2-135m-instruct-q4_1", 4}),
                         [](const auto& param) { return std::string(param.param.model).substr(0, 4); });

}  // namespace
}  // namespace hearth::llm
