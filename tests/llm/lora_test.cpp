// Adapters against what PEFT computes (tests/golden/make_lora.py), and what is refused.
#include "llm/lora.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "llm/golden_model.h"
#include "llm/lora_files.h"
#include "support/tiny_adapter.h"

namespace hearth::llm {
namespace {

const ReserveMemory kAnyMemory = [](std::size_t) { return Status(); };

std::unique_ptr<Ops> ops_of(const std::string& path) {
    if (path == "reference") return make_reference_ops();
    return make_cpu_ops(2, "").value();
}

/// Opens a tiny model and gives the logits after its prompt.
struct Adapted {
    Adapted(const std::string& architecture, const std::string& path) {
        golden = parse_json(read_file(test::golden_path("lora/logits.json"), 1 << 20).value()).value()[architecture];
        model.open(test::golden_path("lora/" + architecture + ".gguf"), ops_of(path));
    }

    std::unique_ptr<Lora> load(const std::string& name) {
        auto pairs = read_lora(test::golden_path("lora/" + name), model.decoder->config(), kAnyMemory);
        EXPECT_TRUE(pairs.ok()) << pairs.error().message;
        return Lora::create(std::move(*pairs), model.decoder->config(), *model.ops).value();
    }

    std::vector<float> logits(const Lora* lora) {
        const auto prompt = golden["prompt"].get<std::vector<std::int32_t>>();
        KvSequence sequence(*model.pool);
        EXPECT_TRUE(sequence.reserve(static_cast<int>(prompt.size())));
        std::vector<float> out(static_cast<std::size_t>(model.decoder->config().vocabulary));
        const SequenceStep steps[] = {{&sequence, prompt, 1, lora}};
        EXPECT_TRUE(model.decoder->forward(steps, out, {}));
        return out;
    }

    nlohmann::json golden;
    GoldenModel model;
};

double worst_difference(const std::vector<float>& logits, const nlohmann::json& expected) {
    double worst = 0;
    for (std::size_t i = 0; i < logits.size(); ++i)
        worst = std::max(worst, std::fabs(double{logits[i]} - expected[i].get<double>()));
    return worst;
}

class LoraGolden : public testing::TestWithParam<const char*> {
  protected:
    /// Logits reach 7 here. The reference rounds activations to float32 some 20 times (2^-24 each), and what follows
    /// magnifies a difference at most tenfold: 20 * 2^-24 * 7 * 10 < 1e-4. The fast path keeps keys and values with 11
    /// bits at least: two layers of 2^-11, magnified likewise: 2 * 2^-11 * 7 * 10 < 0.07. The adapters move logits by
    /// 3.5 and more.
    static double tolerance() { return GetParam() == std::string("reference") ? 1e-4 : 0.07; }
};

TEST_P(LoraGolden, EqualsPeft) {
    for (const auto& [architecture, names] : std::map<std::string, std::vector<std::string>>{
             {"llama", {"llama-peft", "llama-lora.gguf"}}, {"qwen2", {"qwen2-peft"}}}) {
        Adapted adapted(architecture, GetParam());
        EXPECT_LT(worst_difference(adapted.logits(nullptr), adapted.golden["plain"]), tolerance()) << architecture;
        for (const std::string& name : names) {
            const auto lora = adapted.load(name);
            EXPECT_LT(worst_difference(adapted.logits(lora.get()), adapted.golden["adapted"]), tolerance()) << name;
        }
        EXPECT_LT(worst_difference(adapted.logits(nullptr), adapted.golden["plain"]), tolerance())
            << "the weights stay as they were";
    }
}

TEST_P(LoraGolden, ABatchOfDifferentAdaptersIsEachAlone) {
    Adapted adapted("llama", GetParam());
    const auto one = adapted.load("llama-peft");
    auto pairs = read_lora(test::golden_path("lora/llama-lora.gguf"), adapted.model.decoder->config(), kAnyMemory);
    for (LoraPair& pair : *pairs) {
        for (float& value : pair.b) value *= -2;
    }
    const auto other = Lora::create(std::move(*pairs), adapted.model.decoder->config(), *adapted.model.ops).value();
    const Lora* const loras[] = {one.get(), nullptr, other.get(), other.get(), one.get()};
    const auto prompt = adapted.golden["prompt"].get<std::vector<std::int32_t>>();
    std::vector<KvSequence> sequences;
    for (std::size_t i = 0; i < std::size(loras); ++i) {
        sequences.emplace_back(*adapted.model.pool);
        ASSERT_TRUE(sequences.back().reserve(static_cast<int>(prompt.size())));
    }
    std::vector<SequenceStep> steps;
    for (std::size_t i = 0; i < std::size(loras); ++i) steps.push_back({&sequences[i], prompt, 1, loras[i]});
    const auto vocabulary = static_cast<std::size_t>(adapted.model.decoder->config().vocabulary);
    std::vector<float> together(steps.size() * vocabulary);
    ASSERT_TRUE(adapted.model.decoder->forward(steps, together, {}));
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::vector<float> row(together.begin() + static_cast<std::ptrdiff_t>(i * vocabulary),
                                     together.begin() + static_cast<std::ptrdiff_t>((i + 1) * vocabulary));
        EXPECT_EQ(row, adapted.logits(loras[i])) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, LoraGolden, testing::Values("reference", "fast"),
                         [](const auto& each) { return std::string(each.param); });

class LoraFiles : public testing::Test {
  protected:
    Result<std::vector<LoraPair>> read(const test::TinyAdapterOptions& options) {
        bytes_ = test::tiny_adapter(options);
        const auto file = GgufFile::parse(std::as_bytes(std::span(bytes_)));
        if (!file.ok()) return file.error();
        return read_lora(**file, config_, kAnyMemory);
    }
    std::string refusal(const test::TinyAdapterOptions& options, ErrorCode code) {
        const auto read_pairs = read(options);
        if (read_pairs.ok()) return "";
        EXPECT_EQ(read_pairs.error().code, code) << read_pairs.error().message;
        return read_pairs.error().message;
    }

    std::string bytes_;
    std::string model_ = test::tiny_model();
    DecoderConfig config_ = read_decoder_config(*GgufFile::parse(std::as_bytes(std::span(model_))).value()).value();
};

TEST_F(LoraFiles, AnAdapterOfAnotherModelIsRefusedByItsTensor) {
    ASSERT_TRUE(read({}).ok());
    const auto has = [](const std::string& message, const std::string& part) {
        return message.find(part) != std::string::npos;
    };
    EXPECT_PRED2(has, refusal({.width = 48}, ErrorCode::kInvalidArgument), "blk.0.attn_q.weight.lora_a' is 4 x 48");
    EXPECT_PRED2(has, refusal({.layers = 3}, ErrorCode::kInvalidArgument), "blk.2.attn_q.weight.lora_a' is of layer 2");
    EXPECT_PRED2(has, refusal({.architecture = "qwen2"}, ErrorCode::kInvalidArgument), "qwen2");
    EXPECT_PRED2(has, refusal({.rank = 257}, ErrorCode::kUnsupported), "ranks from 1 to 256");
    EXPECT_PRED2(has, refusal({.extra_tensor = "token_embd.weight.lora_a"}, ErrorCode::kUnsupported), "token_embd");
    EXPECT_PRED2(has, refusal({.extra_tensor = "blk.-1.attn_q.weight.lora_a"}, ErrorCode::kUnsupported), "blk.-1");
    EXPECT_PRED2(has, refusal({.extra_tensor = "blk.1.attn_k.weight.lora_a"}, ErrorCode::kDataLoss), "other half");
    const auto model_file = GgufFile::parse(std::as_bytes(std::span(model_)));
    EXPECT_EQ(read_lora(**model_file, config_, kAnyMemory).error().code, ErrorCode::kUnsupported);
}

TEST_F(LoraFiles, OfAMixtureOnlyTheAttentionCanBeAdapted) {
    model_ = test::tiny_model({.experts = 4});
    config_ = read_decoder_config(*GgufFile::parse(std::as_bytes(std::span(model_))).value()).value();
    const std::string message = refusal({}, ErrorCode::kUnsupported);
    EXPECT_NE(message.find("of which the model has 4 a layer"), std::string::npos) << message;
}

TEST_F(LoraFiles, MemoryIsAskedForBeforeValuesAreRead) {
    bytes_ = test::tiny_adapter();
    const auto file = GgufFile::parse(std::as_bytes(std::span(bytes_)));
    std::size_t asked = 0;
    const auto refused = read_lora(**file, config_, [&](std::size_t bytes) {
        asked = bytes;
        return Status(Error(ErrorCode::kResourceExhausted, "full"));
    });
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(asked, lora_bytes(2 * (4 * 32 + 32 * 4 + 4 * 64 + 32 * 4)));
}

TEST_F(LoraFiles, SettingsOfPeftThatAreMoreThanLoraAreRefused) {
    const auto config_path = test::golden_path("lora/llama-peft/adapter_config.json");
    const auto good = parse_json(read_file(config_path, 1 << 20).value()).value();
    const auto file = SafetensorsFile::open(test::golden_path("lora/llama-peft/adapter_model.safetensors")).value();
    const auto base = GgufFile::open(test::golden_path("lora/llama.gguf")).value();
    const DecoderConfig config = read_decoder_config(*base).value();
    const auto code_of = [&](const nlohmann::json& settings) {
        const auto read_pairs = read_lora(settings.dump(), *file, config, kAnyMemory);
        return read_pairs.ok() ? ErrorCode::kInternal : read_pairs.error().code;
    };
    ASSERT_EQ(code_of(good), ErrorCode::kInternal) << "read";
    const nlohmann::json wrong{{"peft_type", "IA3"},
                               {"use_dora", true},
                               {"bias", "all"},
                               {"fan_in_fan_out", true},
                               {"modules_to_save", {"lm_head"}},
                               {"alpha_pattern", {{"q_proj", 3}}}};
    for (const auto& [key, value] : wrong.items()) {
        nlohmann::json changed = good;
        changed[key] = value;
        EXPECT_EQ(code_of(changed), ErrorCode::kUnsupported) << key;
    }
    nlohmann::json without = good;
    without.erase("lora_alpha");
    EXPECT_EQ(code_of(without), ErrorCode::kDataLoss);
    EXPECT_EQ(read_lora("{", *file, config, kAnyMemory).error().code, ErrorCode::kDataLoss);
    const auto misfit = read_lora(good.dump(), *file, config_, kAnyMemory);
    ASSERT_FALSE(misfit.ok());
    EXPECT_NE(misfit.error().message.find("mlp.down_proj.lora_A.weight' is 4 x 48"), std::string::npos)
        << misfit.error().message;
}

}  // namespace
}  // namespace hearth::llm
