// Architectures that no default model has, against what transformers computes (tests/golden/make_decoders.py).
#include "llm/decoder.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "llm/golden_model.h"

namespace hearth::llm {
namespace {

struct Path {
    const char* ops;
    Phase phase;
};

class DecoderGolden : public testing::TestWithParam<Path> {
  protected:
    /// The reference rounds activations to float32 some 10 times a layer (2^-24 each), and what follows magnifies a
    /// difference at most tenfold. The fast path keeps keys and values with 11 bits at least, and computes a prompt's
    /// attention with 8: 2^-11 or 2^-8 a layer, magnified likewise. The closest choice of an expert is 0.05 wide.
    static double tolerance(double largest_logit, int layers) {
        if (GetParam().ops == std::string("reference")) return 10 * layers * std::exp2(-24) * largest_logit * 10;
        return layers * largest_logit * 10 * std::exp2(GetParam().phase == Phase::kPrefill ? -8 : -11);
    }
};

TEST_P(DecoderGolden, EqualsTransformers) {
    const auto golden = parse_json(read_file(test::golden_path("decoders/logits.json"), 1 << 20).value()).value();
    for (const auto& [name, expected] : golden.items()) {
        GoldenModel model;
        model.open(test::golden_path("decoders/" + name + ".gguf"),
                   GetParam().ops == std::string("reference") ? make_reference_ops() : make_cpu_ops(2, "").value());
        const auto prompt = expected["prompt"].get<std::vector<std::int32_t>>();
        KvSequence sequence(*model.pool);
        ASSERT_TRUE(sequence.reserve(static_cast<int>(prompt.size())));
        std::vector<float> logits(static_cast<std::size_t>(model.decoder->config().vocabulary));
        ASSERT_TRUE(model.decoder->forward(prompt, sequence, logits, {}, GetParam().phase));
        double worst = 0, largest = 0;
        for (std::size_t i = 0; i < logits.size(); ++i) {
            const auto golden_logit = expected["logits"][i].get<double>();
            worst = std::max(worst, std::fabs(double{logits[i]} - golden_logit));
            largest = std::max(largest, std::fabs(golden_logit));
        }
        EXPECT_LT(worst, tolerance(largest, model.decoder->config().layers)) << name;
        RecordProperty(name + "_worst", std::to_string(worst));
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, DecoderGolden,
                         testing::Values(Path{"reference", Phase::kDecode}, Path{"fast", Phase::kDecode},
                                         Path{"fast", Phase::kPrefill}),
                         [](const auto& each) {
                             return std::string(each.param.ops) +
                                    (each.param.phase == Phase::kPrefill ? "_prefill" : "_decode");
                         });

}  // namespace
}  // namespace hearth::llm
