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
    /// Logits reach 3.6 here. The reference rounds activations to float32 some 20 times (2^-24 each), and what follows
    /// magnifies a difference at most tenfold: 20 * 2^-24 * 3.6 * 10 < 1e-4. The fast path keeps keys and values with
    /// 11 bits at least, and computes a prompt's attention with 8: two layers of 2^-11 or 2^-8, magnified likewise. The
    /// closest choice of an expert is 0.05 wide.
    static double tolerance() {
        if (GetParam().ops == std::string("reference")) return 1e-4;
        return 2 * 3.6 * 10 * std::exp2(GetParam().phase == Phase::kPrefill ? -8 : -11);
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
        double worst = 0;
        for (std::size_t i = 0; i < logits.size(); ++i)
            worst = std::max(worst, std::fabs(double{logits[i]} - expected["logits"][i].get<double>()));
        EXPECT_LT(worst, tolerance()) << name;
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
