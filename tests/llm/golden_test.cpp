// Real models against an independent forward pass: tests/golden/*.json holds a float32 numpy computation over the
// dequantised weights (ids, best logits after the prompt, greedy continuation). The fast path: fast_golden_test.cpp.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "llm/decoder.h"
#include "support/models.h"

namespace hearth::llm {
namespace {

struct GoldenModel {
    std::unique_ptr<GgufFile> file;
    std::unique_ptr<Ops> ops;
    MemoryLedger ledger{std::size_t{4} << 30};
    std::unique_ptr<Decoder> decoder;
    std::unique_ptr<KvPool> pool;

    void open(const std::string& path, std::unique_ptr<Ops> backend) {
        ops = std::move(backend);
        auto opened = GgufFile::open(path);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        file = std::move(opened).value();
        auto config = read_decoder_config(*file);
        ASSERT_TRUE(config.ok()) << config.error().message;
        auto loaded = Decoder::load(*file, config.value(), *ops, {});
        ASSERT_TRUE(loaded.ok()) << loaded.error().message;
        decoder = std::move(loaded).value();
        auto created = KvPool::create(decoder->kv_shape(), 256, ledger);
        ASSERT_TRUE(created.ok()) << created.error().message;
        pool = std::move(created).value();
    }

    std::vector<float> step(std::span<const std::int32_t> tokens, KvSequence& sequence) {
        std::vector<float> logits(static_cast<std::size_t>(decoder->config().vocabulary));
        EXPECT_TRUE(sequence.reserve(static_cast<int>(tokens.size())));
        EXPECT_TRUE(decoder->forward(tokens, sequence, logits, {}));
        return logits;
    }
};

nlohmann::json golden(const std::string& name) {
    auto text = read_file(std::string(HEARTH_SOURCE_DIR) + "/tests/golden/" + name + ".json", 1 << 20);
    EXPECT_TRUE(text.ok());
    auto parsed = parse_json(text.value());
    EXPECT_TRUE(parsed.ok());
    return parsed.value();
}

const char* const kModels[] = {"qwen2.5-coder-0.5b-instruct-q4_k_m", "smollm2-135m-instruct-q4_1"};

std::string short_name(const char* model) {
    const std::string name = model;
    return name.substr(0, name.find_first_of(".2-"));
}

std::int32_t best_of(const std::vector<float>& logits) {
    return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

class ReferenceGolden : public testing::TestWithParam<const char*> {};

TEST_P(ReferenceGolden, AgreesOnLogitsAndFollowsTheGreedyPath) {
    const std::string path = test::model_path(std::string(GetParam()) + ".gguf");
    if (path.empty()) GTEST_SKIP() << GetParam() << ".gguf is not in " << test::models_directory();
    GoldenModel model;
    ASSERT_NO_FATAL_FAILURE(model.open(path, make_reference_ops()));
    const auto cases = golden(GetParam());
    // The scalar path takes about a second per token of the larger model: one short prompt and a few steps.
    const auto& item = cases.at(0);
    const auto ids = item["ids"].get<std::vector<std::int32_t>>();
    KvSequence sequence(*model.pool);
    std::vector<float> logits = model.step(ids, sequence);
    for (const auto& pair : item["top20"]) {
        const float expected = pair[1].get<float>();
        EXPECT_NEAR(logits[pair[0].get<std::size_t>()], expected, 1e-3f * std::abs(expected)) << "token " << pair[0];
    }
    const auto greedy = item["greedy"].get<std::vector<std::int32_t>>();
    for (std::size_t i = 0; i < 4; ++i) {
        const std::int32_t best = best_of(logits);
        ASSERT_EQ(best, greedy[i]) << "step " << i;
        logits = model.step({&best, 1}, sequence);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, ReferenceGolden, testing::ValuesIn(kModels),
                         [](const auto& param) { return short_name(param.param); });

}  // namespace
}  // namespace hearth::llm
