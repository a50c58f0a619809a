// The decoder over a tiny random model: chunks, sharing and cancellation change nothing about the numbers.
#include "llm/decoder.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/tiny_model.h"

namespace hearth::llm {
namespace {

struct TinyDecoder {
    std::string bytes;
    std::unique_ptr<GgufFile> file;
    std::unique_ptr<Ops> ops;
    MemoryLedger ledger{1u << 24};
    std::unique_ptr<KvPool> pool;
    std::unique_ptr<Decoder> decoder;

    explicit TinyDecoder(const test::TinyModelOptions& options = {},
                         std::unique_ptr<Ops> backend = make_reference_ops(), KvFormat format = KvFormat::kFull)
        : bytes(test::tiny_model(options)), ops(std::move(backend)) {
        file = GgufFile::parse({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}).value();
        auto config = read_decoder_config(*file);
        EXPECT_TRUE(config.ok()) << config.error().message;
        auto loaded = Decoder::load(*file, config.value(), *ops, {});
        EXPECT_TRUE(loaded.ok()) << loaded.error().message;
        decoder = std::move(loaded).value();
        pool = KvPool::create(decoder->kv_shape(format), 1024, ledger).value();
    }

    std::vector<float> feed(KvSequence& sequence, std::span<const std::int32_t> tokens) {
        std::vector<float> logits(test::kTinyVocabulary);
        EXPECT_TRUE(sequence.reserve(static_cast<int>(tokens.size())));
        EXPECT_TRUE(decoder->forward(tokens, sequence, logits, {}, Phase::kDecode));
        return logits;
    }
};

std::vector<std::int32_t> some_tokens(int count) {
    std::vector<std::int32_t> tokens;
    for (int i = 0; i < count; ++i) tokens.push_back((i * 37 + 11) % test::kTinyVocabulary);
    return tokens;
}

struct Kind {
    const char* name;
    test::TinyModelOptions options;
};
const Kind kKinds[] = {{"llama", {}},
                       {"qwen2", {.architecture = "qwen2"}},
                       {"qwen3", {.architecture = "qwen3"}},
                       {"qwen3moe", {.architecture = "qwen3moe", .experts = 8}},
                       {"mixtral", {.experts = 4}},
                       {"all_experts", {.experts = 3, .experts_used = 3}}};

class DecoderKinds : public testing::TestWithParam<Kind> {};

TEST_P(DecoderKinds, OneTokenAtATimeEqualsOneChunk) {
    test::TinyModelOptions options = GetParam().options;
    options.tied_head = false;
    TinyDecoder model(options);
    const auto tokens = some_tokens(40);
    KvSequence whole(*model.pool);
    const auto expected = model.feed(whole, tokens);
    KvSequence stepped(*model.pool);
    std::vector<float> actual;
    for (const std::int32_t token : tokens) actual = model.feed(stepped, {&token, 1});
    ASSERT_EQ(actual, expected) << "the reference computes each row alone: bit for bit the same";
    EXPECT_EQ(stepped.length(), 40);
}

TEST_P(DecoderKinds, SharedBeginningEqualsComputingItAgain) {
    TinyDecoder model(GetParam().options);
    const auto tokens = some_tokens(50);
    KvSequence whole(*model.pool);
    const auto expected = model.feed(whole, tokens);
    KvSequence shared(*model.pool);
    shared.share(whole.block_ids().first(3));
    EXPECT_EQ(model.feed(shared, std::span(tokens).subspan(48)), expected);
}

INSTANTIATE_TEST_SUITE_P(Architectures, DecoderKinds, testing::ValuesIn(kKinds),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_P(DecoderKinds, SequencesComputedTogetherEqualEachAlone) {
    for (const char* ops : {"reference", "fast", "fast in 8 bits"}) {
        const auto make = [&] {
            return std::string(ops) == "reference" ? make_reference_ops() : std::move(make_cpu_ops(2, "")).value();
        };
        TinyDecoder model(GetParam().options, make(),
                          std::string(ops) == "fast in 8 bits" ? KvFormat::kInt8 : KvFormat::kFull);
        const auto tokens = some_tokens(60);
        const std::span<const std::int32_t> all(tokens);
        const std::span<const std::int32_t> parts[] = {all.first(20), all.subspan(20, 1), all.subspan(21, 39)};
        const int rows[] = {1, 1, 3};
        std::vector<KvSequence> sequences;
        std::vector<float> expected;
        for (int i = 0; i < 3; ++i) {
            KvSequence alone(*model.pool);
            model.feed(alone, all.first(5));
            for (std::size_t t = 0; t < parts[i].size(); ++t) {
                const auto logits = model.feed(alone, parts[i].subspan(t, 1));
                if (t + static_cast<std::size_t>(rows[i]) >= parts[i].size())
                    expected.insert(expected.end(), logits.begin(), logits.end());
            }
            sequences.emplace_back(*model.pool);
            model.feed(sequences.back(), all.first(5));
            ASSERT_TRUE(sequences.back().reserve(static_cast<int>(parts[i].size())));
        }
        std::vector<SequenceStep> steps;
        for (std::size_t i = 0; i < 3; ++i) steps.push_back({&sequences[i], parts[i], rows[i]});
        std::vector<float> logits(expected.size());
        ASSERT_TRUE(model.decoder->forward(steps, logits, {}));
        EXPECT_EQ(logits, expected) << ops << ": bit for bit";
        EXPECT_EQ(sequences[2].length(), 44);
    }
}

TEST_P(DecoderKinds, APromptBesideAnAnswerEqualsEachAlone) {
    for (const char* isa : {"", "amx-model"}) {
        auto ops = make_cpu_ops(2, isa);
        if (!ops.ok()) continue;  // no x86
        test::TinyModelOptions options = GetParam().options;
        options.quantised = true;
        TinyDecoder model(options, std::move(*ops));
        const auto tokens = some_tokens(35);
        const std::span<const std::int32_t> answer = std::span(tokens).first(1), prompt = std::span(tokens).subspan(1);
        const auto run = [&](std::span<const SequenceStep> steps) {
            std::vector<float> logits(steps.size() * test::kTinyVocabulary);
            for (const SequenceStep& step : steps)
                EXPECT_TRUE(step.sequence->reserve(static_cast<int>(step.tokens.size())));
            EXPECT_TRUE(model.decoder->forward(steps, logits, {}));
            return logits;
        };
        KvSequence first(*model.pool), second(*model.pool), both[] = {KvSequence(*model.pool), KvSequence(*model.pool)};
        auto expected = run(std::vector<SequenceStep>{{&first, answer, 1}});
        const auto of_prompt = run(std::vector<SequenceStep>{{&second, prompt, 1, nullptr, Phase::kPrefill}});
        expected.insert(expected.end(), of_prompt.begin(), of_prompt.end());
        EXPECT_EQ(
            run(std::vector<SequenceStep>{{&both[0], answer, 1}, {&both[1], prompt, 1, nullptr, Phase::kPrefill}}),
            expected)
            << isa << ": bit for bit";
    }
}

TEST(Decoder, DependsOnOrderAndPosition) {
    TinyDecoder model;
    KvSequence forwards(*model.pool);
    KvSequence backwards(*model.pool);
    const std::vector<std::int32_t> ab{5, 9, 3};
    const std::vector<std::int32_t> ba{9, 5, 3};
    EXPECT_NE(model.feed(forwards, ab), model.feed(backwards, ba));
}

TEST(Decoder, CancellationLeavesTheSequenceAsItWas) {
    TinyDecoder model;
    const auto tokens = some_tokens(20);
    KvSequence sequence(*model.pool);
    model.feed(sequence, std::span(tokens).first(10));
    std::stop_source stop;
    stop.request_stop();
    ASSERT_TRUE(sequence.reserve(10));
    EXPECT_FALSE(model.decoder->forward(std::span(tokens).subspan(10), sequence, {}, stop.get_token(), Phase::kDecode));
    EXPECT_EQ(sequence.length(), 10);
    KvSequence fresh(*model.pool);
    EXPECT_EQ(model.feed(sequence, std::span(tokens).subspan(10)), model.feed(fresh, tokens));
}

std::unique_ptr<Ops> backend(const std::string& name) {
    return name == "reference" ? make_reference_ops() : make_cpu_ops(1, name).value();
}

ErrorCode refusal(const std::string& bytes, const std::string& ops_name = "reference") {
    const auto file = GgufFile::parse({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
    EXPECT_TRUE(file.ok()) << file.error().message;
    const auto config = read_decoder_config(*file.value());
    if (!config.ok()) return config.error().code;
    const auto ops = backend(ops_name);
    const auto decoder = Decoder::load(*file.value(), config.value(), *ops, {});
    EXPECT_FALSE(decoder.ok());
    return decoder.ok() ? ErrorCode::kInternal : decoder.error().code;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    EXPECT_EQ(from.size(), to.size());
    return text.replace(text.find(from), from.size(), to);
}

TEST(Decoder, ANormOfHeadsAndARouterAreNeeded) {
    const test::TinyModelOptions options{.architecture = "qwen3moe", .experts = 4};
    const std::string good = test::tiny_model(options);
    for (const char* name : {"blk.1.attn_q_norm.weight", "blk.0.attn_k_norm.weight", "blk.1.ffn_gate_inp.weight",
                             "blk.0.ffn_gate_exps.weight", "blk.1.ffn_down_exps.weight"}) {
        std::string other = name;
        other[0] = 'x';
        EXPECT_EQ(refusal(replaced(good, name, other)), ErrorCode::kDataLoss) << name;
    }
}

TEST(Decoder, ExpertCountsThatContradictAreRefused) {
    const auto code = [](test::TinyModelOptions options) { return refusal(test::tiny_model(options)); };
    EXPECT_EQ(code({.experts = 2, .experts_used = 3}), ErrorCode::kDataLoss);
    EXPECT_EQ(code({.experts = 2, .experts_used = 0}), ErrorCode::kDataLoss);
    EXPECT_EQ(code({.experts = 128, .experts_used = 65}), ErrorCode::kDataLoss);
    std::string text = test::tiny_model({.experts = 4});
    const std::string key = "llama.expert_count";
    for (const std::uint32_t value : {3u, 5u, 5000u, 0x80000000u, 0xffffffffu}) {
        std::memcpy(text.data() + text.find(key) + key.size() + 4, &value, 4);
        EXPECT_EQ(refusal(text), ErrorCode::kDataLoss) << value;
    }
}

TEST(Decoder, ASecondExpertChangesTheLogits) {
    TinyDecoder few({.experts = 4, .experts_used = 1}), more({.experts = 4, .experts_used = 2});
    KvSequence one(*few.pool), two(*more.pool);
    EXPECT_NE(few.feed(one, some_tokens(3)), more.feed(two, some_tokens(3)));
}

TEST(Decoder, MissingTensorsAndOtherArchitecturesAreRefused) {
    const std::string good = test::tiny_model();
    EXPECT_EQ(refusal(replaced(good, "blk.1.ffn_up.weight", "blk.1.ffn_xx.weight")), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(replaced(good, "blk.0.attn_q.weight", "blk.0.attn_?.weight")), ErrorCode::kDataLoss);
    EXPECT_EQ(refusal(test::tiny_model({.architecture = "mamba"})), ErrorCode::kUnsupported);
}

TEST(Decoder, MisshapenTensorsAreRefused) {
    // The names of two tensors of different shape swapped.
    std::string text = test::tiny_model();
    text = replaced(text, "blk.0.ffn_up.weight", "blk.0.ffn_@@.weight");
    text = replaced(text, "blk.1.attn_k.weight", "blk.0.ffn_up.weight");
    EXPECT_EQ(refusal(text), ErrorCode::kDataLoss);
}

class HostileDecoder : public testing::TestWithParam<const char*> {};

TEST_P(HostileDecoder, HostileSizesAreRefused) {
    for (const char* key : {"llama.block_count", "llama.attention.head_count", "llama.attention.key_length",
                            "llama.embedding_length", "llama.feed_forward_length", "llama.context_length"}) {
        for (const std::uint32_t value : {0u, 0x80000000u, 0xffffffffu}) {
            std::string text = test::tiny_model();
            const std::size_t place = text.find(key) + std::string_view(key).size() + 4;
            std::memcpy(text.data() + place, &value, 4);
            EXPECT_EQ(refusal(text, GetParam()), ErrorCode::kDataLoss) << key << " " << value;
        }
    }
}

TEST_P(HostileDecoder, QueryHeadsOnOneKeyHeadAreBounded) {
    EXPECT_EQ(refusal(test::tiny_model({.heads = 65, .kv_heads = 1}), GetParam()), ErrorCode::kUnsupported);
    TinyDecoder widest({.heads = 64, .kv_heads = 1}, backend(GetParam()));
    KvSequence sequence(*widest.pool);
    for (const float logit : widest.feed(sequence, some_tokens(3))) ASSERT_TRUE(std::isfinite(logit));
}

INSTANTIATE_TEST_SUITE_P(Backends, HostileDecoder, testing::Values("reference", "generic"));

}  // namespace
}  // namespace hearth::llm
