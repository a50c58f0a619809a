// The whole engine over a tiny random model on both paths: requests, limits, cancellation, cache, errors.
#include "llm/engine.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "core/utf8.h"
#include "llm/grammar.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace hearth::llm {
namespace {

using namespace std::chrono_literals;

class EngineTest : public testing::TestWithParam<const char*> {
  protected:
    std::unique_ptr<TextModel> open(const test::TinyModelOptions& tiny = {}, EngineOptions options = {}) {
        options.model_path = write(test::tiny_model(tiny));
        options.reference = GetParam() == std::string("reference");
        auto model = open_text_model(options, ledger_);
        EXPECT_TRUE(model.ok()) << model.error().message;
        return std::move(model).value();
    }

    std::string write(const std::string& bytes) {
        const std::string path = directory_.path("tiny.gguf");
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    static GenerateRequest ask(const std::string& text, int max_tokens = 16) {
        GenerateRequest request;
        request.messages.push_back({.role = Role::kUser, .content = text});
        request.max_tokens = max_tokens;
        // A random model would end when it likes: the end token is never chosen.
        request.sampling.logit_bias[257] = -100;
        return request;
    }

    static Completion run(TextModel& model, const GenerateRequest& request, const TextSink& sink = {}) {
        auto done = model.generate(request, sink, {});
        EXPECT_TRUE(done.ok()) << done.error().message;
        return done.ok() ? std::move(done).value() : Completion();
    }

    test::TempDir directory_;
    MemoryLedger ledger_{64u << 20};
};

TEST_P(EngineTest, ReportsWhatItOpened) {
    const auto model = open({.context = 300});
    EXPECT_EQ(model->info().id, "tiny");
    EXPECT_EQ(model->info().architecture, "llama");
    EXPECT_EQ(model->info().context_tokens, 300);
    EXPECT_EQ(model->info().vocabulary_size, test::kTinyVocabulary);
    EXPECT_EQ(model->info().isa == "reference", GetParam() == std::string("reference"));
    EXPECT_GT(ledger_.used_bytes(), model->info().weight_bytes);
}

TEST_P(EngineTest, KeysAndValuesInEightBits) {
    const auto model = open({.architecture = "qwen2"}, {.kv_bits = 8});
    const Completion answer = run(*model, ask("Hello"));
    EXPECT_EQ(answer.usage.completion_tokens, 16);
    EXPECT_EQ(run(*model, ask("Hello")).text, answer.text);
    EngineOptions wrong{.model_path = write(test::tiny_model()), .kv_bits = 12};
    const auto refused = open_text_model(wrong, ledger_);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(refused.error().message.find("8 and 16 are possible"), std::string::npos) << refused.error().message;
}

TEST_P(EngineTest, GivesItsMemoryBack) {
    open().reset();
    EXPECT_EQ(ledger_.used_bytes(), 0u);
}

TEST_P(EngineTest, PromptsEndInsideAThoughtOrBehindOne) {
    const std::string base = test::kTinyTemplate;
    const std::string forced = base + "{{ '<think>\n' }}", mute = base + "{# </think> #}";
    const std::string follows = base + "{% if not enable_thinking %}{{ '<think>\n\n</think>\n\n' }}{% endif %}";
    for (const std::string& source : {forced, mute, follows}) {
        const auto model = open({.chat_template = source});
        GenerateRequest request = ask("Hi");
        const std::string start = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
        EXPECT_EQ(model->render_prompt(request).value(), start + "<think>\n\n</think>\n\n") << source;
        request.thinking = true;
        EXPECT_EQ(model->render_prompt(request).value(), start + "<think>\n") << source;
        request.json_schema = "{}";
        EXPECT_EQ(model->render_prompt(request).value(), start + "<think>\n\n</think>\n\n") << source;
    }
    GenerateRequest request = ask("Hi");
    request.thinking = true;
    EXPECT_EQ(open()->render_prompt(request).value().find("think"), std::string::npos) << "knows no thoughts";
}

TEST_P(EngineTest, InstructionsReachModelsWhoseTemplatesKnowNoSystemMessage) {
    const std::string turns =
        "{% for m in messages %}{% if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}";
    const std::string refuses =
        "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + turns;
    for (const std::string& source : {turns, refuses}) {
        const auto model = open({.chat_template = source});
        GenerateRequest request = ask("Hi");
        request.messages.insert(request.messages.begin(), {.role = Role::kSystem, .content = "Be brief."});
        request.messages.push_back({.role = Role::kAssistant, .content = "Ho"});
        request.messages.push_back({.role = Role::kUser, .content = "And?"});
        EXPECT_EQ(model->render_prompt(request).value(), "<user>Be brief.\n\nHi<assistant>Ho<user>And?") << source;
        request.messages = {{.role = Role::kSystem, .content = "Be brief."}};
        EXPECT_EQ(model->render_prompt(request).value(), "<user>Be brief.") << source;
    }
    GenerateRequest request = ask("Hi");
    request.messages.insert(request.messages.begin(), {.role = Role::kSystem, .content = "Be brief."});
    EXPECT_NE(open()->render_prompt(request).value().find("system\nBe brief.<|im_end|>"), std::string::npos);
}

TEST_P(EngineTest, AThoughtIsGivenOutApart) {
    const auto model = open({.chat_template = test::kTinyTemplate + std::string("{{ '<think>\n' }}")});
    GenerateRequest request = ask("Hi", 12);
    request.thinking = true;
    std::string thought, text;
    request.thought_sink = [&](std::string_view delta) { thought += delta; };
    const Completion done = run(*model, request, [&](std::string_view delta) {
        text += delta;
        return true;
    });
    EXPECT_EQ(done.finish_reason, FinishReason::kLength) << "a random model closes no thought";
    EXPECT_EQ(done.usage.thought_tokens, 12);
    EXPECT_FALSE(thought.empty());
    EXPECT_EQ(done.thought, thought);
    EXPECT_EQ(done.text, "");
    EXPECT_EQ(text, "");
    request.thinking = false;
    const Completion plain = run(*model, request);
    EXPECT_EQ(plain.usage.thought_tokens, 0);
    EXPECT_EQ(plain.thought, "");
    EXPECT_FALSE(plain.text.empty());
}

TEST_P(EngineTest, GreedyAnswersRepeatAndSeedsDecide) {
    const auto model = open({.architecture = "qwen2"});
    const Completion first = run(*model, ask("Hello"));
    EXPECT_EQ(first.usage.completion_tokens, 16);
    EXPECT_EQ(first.finish_reason, FinishReason::kLength);
    EXPECT_EQ(run(*model, ask("Hello")).text, first.text);
    GenerateRequest warm = ask("Hello", 32);
    warm.sampling.temperature = 1.5f;
    warm.sampling.seed = 1;
    const std::string one = run(*model, warm).text;
    EXPECT_EQ(run(*model, warm).text, one);
    warm.sampling.seed = 2;
    EXPECT_NE(run(*model, warm).text, one);
}

TEST_P(EngineTest, StreamsWholeCodePointsThatAddUpToTheText) {
    const auto model = open();
    GenerateRequest request = ask("stream", 64);
    request.sampling.temperature = 2.0f;  // bytes at random: mostly broken UTF-8
    std::string streamed;
    const Completion done = run(*model, request, [&](std::string_view delta) {
        EXPECT_TRUE(is_valid_utf8(delta));
        streamed += delta;
        return true;
    });
    EXPECT_EQ(streamed, done.text);
    EXPECT_TRUE(is_valid_utf8(done.text));
}

TEST_P(EngineTest, TheCacheChangesNothingButTheWork) {
    const auto model = open();
    const std::string history(200, 'h');
    const Completion cold = run(*model, ask(history + "one"));
    EXPECT_EQ(cold.usage.cached_tokens, 0);
    const Completion again = run(*model, ask(history + "one"));
    EXPECT_GE(again.usage.cached_tokens, 208);
    EXPECT_EQ(again.text, cold.text);
    const Completion other = run(*model, ask(history + "two"));
    EXPECT_EQ(other.usage.cached_tokens, 192) << "the whole blocks before the difference";
    const auto fresh = open();
    EXPECT_EQ(run(*fresh, ask(history + "two")).text, other.text);
}

TEST_P(EngineTest, ManyConversationsFitIntoTheCacheByForgetting) {
    const auto model = open({.context = 256});
    for (int i = 0; i < 12; ++i) {
        const Completion done = run(*model, ask(std::string(150, static_cast<char>('a' + i)), 8));
        EXPECT_EQ(done.usage.completion_tokens, 8);
    }
}

TEST_P(EngineTest, PromptsLongerThanTheContextAreRefusedWithTheNumbers) {
    const auto model = open({.context = 128});
    const auto refused = model->generate(ask(std::string(500, 'x')), {}, {});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    const int prompt = model->count_prompt_tokens(ask(std::string(500, 'x'))).value();
    EXPECT_GT(prompt, 500);
    EXPECT_NE(refused.error().message.find(std::to_string(prompt)), std::string::npos);
    EXPECT_NE(refused.error().message.find("128"), std::string::npos);
}

TEST_P(EngineTest, TheContextEndsTheAnswer) {
    const auto model = open({.context = 128});
    const Completion done = run(*model, ask("x", 0));
    EXPECT_EQ(done.finish_reason, FinishReason::kLength);
    EXPECT_EQ(done.usage.prompt_tokens + done.usage.completion_tokens, 128);
}

TEST_P(EngineTest, StopStringsCutTheText) {
    const auto model = open();
    const std::string whole = run(*model, ask("stop", 48)).text;
    const std::string stop = whole.substr(utf8_floor(whole, whole.size() / 2), 3);
    GenerateRequest request = ask("stop", 48);
    request.stop = {stop};
    const Completion cut = run(*model, request);
    EXPECT_EQ(cut.text, whole.substr(0, whole.find(stop)));
    EXPECT_EQ(cut.finish_reason, FinishReason::kStop);
}

TEST_P(EngineTest, TheAnswerBeginsAsTold) {
    const auto model = open();
    GenerateRequest request = ask("begin");
    request.assistant_prefix = "Well, ";
    EXPECT_TRUE(run(*model, request).text.starts_with("Well, "));
}

TEST_P(EngineTest, AnyAnswerFitsTheSchema) {
    const auto model = open();
    const std::string schema = R"({"type":"object","properties":{"ok":{"type":"boolean"},"kind":{"enum":["a","b"]}},)"
                               R"("required":["ok","kind"],"additionalProperties":false})";
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        GenerateRequest request = ask("json", 0);
        request.json_schema = schema;
        request.sampling.temperature = 1.0f;
        request.sampling.seed = seed;
        const Completion done = run(*model, request);
        EXPECT_TRUE(validate_json(done.text, schema).ok()) << done.text;
        EXPECT_EQ(done.finish_reason, FinishReason::kStop);
    }
    GenerateRequest begun = ask("json", 0);
    begun.json_schema = schema;
    begun.assistant_prefix = "{\"ok\": true";
    const Completion done = run(*model, begun);
    EXPECT_TRUE(validate_json(done.text, schema).ok()) << done.text;
    begun.assistant_prefix = "Sure: ";
    EXPECT_EQ(model->generate(begun, {}, {}).error().code, ErrorCode::kInvalidArgument);
    begun.json_schema = "{]";
    EXPECT_EQ(model->generate(begun, {}, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(EngineTest, ARequiredToolIsCalledWithFittingArguments) {
    const auto model = open({.context = 2048});
    GenerateRequest request = ask("tool", 0);
    const std::string schema = R"({"type":"object","properties":{"on":{"type":"boolean"}},"required":["on"],)"
                               R"("additionalProperties":false})";
    request.tools = {{"lamp", "Switches the lamp.", schema}, {"door", "Opens the door.", schema}};
    request.tool_choice = ToolChoice::kRequired;
    const Completion any = run(*model, request);
    ASSERT_EQ(any.tool_calls.size(), 1u) << any.text;
    EXPECT_TRUE(any.tool_calls[0].name == "lamp" || any.tool_calls[0].name == "door");
    EXPECT_TRUE(validate_json(any.tool_calls[0].arguments, schema).ok()) << any.tool_calls[0].arguments;
    EXPECT_EQ(any.finish_reason, FinishReason::kToolCalls);
    request.tool_choice = ToolChoice::kNamed;
    request.tool_name = "door";
    const Completion named = run(*model, request);
    ASSERT_EQ(named.tool_calls.size(), 1u) << named.text;
    EXPECT_EQ(named.tool_calls[0].name, "door");
    request.tool_name = "window";
    EXPECT_EQ(model->generate(request, {}, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST_P(EngineTest, ToolsAreDescribedWhenTheTemplateKnowsNone) {
    const auto model = open();
    GenerateRequest request = ask("tool");
    const int plain = model->count_prompt_tokens(request).value();
    request.tools = {{"lamp", "Switches the lamp.", ""}};
    EXPECT_GT(model->count_prompt_tokens(request).value(), plain + 100);
    request.tool_choice = ToolChoice::kNone;
    EXPECT_EQ(model->count_prompt_tokens(request).value(), plain);
}

TEST_P(EngineTest, MessageTextNeverBecomesASpecialToken) {
    const auto model = open();
    const int plain = model->count_prompt_tokens(ask("")).value();
    EXPECT_EQ(model->count_prompt_tokens(ask("<|im_end|>")).value(), plain + 10);
}

TEST_P(EngineTest, TokensCarryTheirProbabilities) {
    const auto model = open();
    GenerateRequest request = ask("scores", 8);
    const std::string plain = run(*model, request).text;
    request.top_logprobs = 3;
    std::vector<int> seen;
    request.token_sink = [&](const TokenScore& score) { seen.push_back(score.chosen.id); };
    const Completion done = run(*model, request);
    EXPECT_EQ(done.text, plain);
    ASSERT_EQ(done.tokens.size(), 8u);
    for (std::size_t i = 0; i < done.tokens.size(); ++i) {
        const TokenScore& score = done.tokens[i];
        EXPECT_EQ(score.chosen.id, seen.at(i));
        ASSERT_EQ(score.top.size(), 3u);
        double share = 0;
        for (const TokenLogprob& one : score.top) share += std::exp(one.logprob);
        EXPECT_LT(share, 1.0);
        EXPECT_GE(score.top[0].logprob, score.top[1].logprob);
        EXPECT_GE(score.top[1].logprob, score.top[2].logprob);
        EXPECT_GE(score.top[0].logprob, score.chosen.logprob);
    }
}

TEST_P(EngineTest, APromptMayBeTokens) {
    const auto model = open();
    const std::string rendered = model->render_prompt(ask("Hello")).value();
    EXPECT_EQ(rendered, "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n");
    GenerateRequest request = ask("ignored");
    request.prompt_tokens = model->tokenize(rendered, true);
    EXPECT_EQ(model->detokenize(request.prompt_tokens).value(), rendered);
    EXPECT_EQ(model->render_prompt(request).value(), rendered);
    EXPECT_EQ(run(*model, request).text, run(*model, ask("Hello")).text);
    request.prompt_tokens = {5, test::kTinyVocabulary};
    EXPECT_EQ(model->generate(request, {}, {}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(model->detokenize(request.prompt_tokens).ok());
}

TEST_P(EngineTest, TheSinkAndTheTokenCancel) {
    const auto model = open();
    int deltas = 0;
    const Completion refused = run(*model, ask("x", 200), [&](std::string_view) { return ++deltas < 3; });
    EXPECT_EQ(refused.finish_reason, FinishReason::kCancelled);
    EXPECT_EQ(deltas, 3);
    EXPECT_LT(refused.usage.completion_tokens, 200);

    std::stop_source stop;
    const auto stopped = model->generate(
        ask("x", 200), [&](std::string_view) { return stop.request_stop(); }, stop.get_token());
    ASSERT_TRUE(stopped.ok());
    EXPECT_EQ(stopped.value().finish_reason, FinishReason::kCancelled);
    EXPECT_EQ(run(*model, ask("x", 4)).usage.completion_tokens, 4) << "the engine goes on";
}

TEST_P(EngineTest, AFullQueueRefusesAndAQueuedRequestCanLeave) {
    const auto model = open({}, {.max_queue = 1, .max_parallel = 1});
    std::atomic<bool> running = false;
    std::atomic<bool> release = false;
    // More than a reader may leave untaken: it stays in work until it is released.
    std::jthread first([&] {
        run(*model, ask("busy", 300), [&](std::string_view) {
            running = true;
            while (!release) std::this_thread::sleep_for(1ms);
            return false;
        });
    });
    while (!running) std::this_thread::sleep_for(1ms);
    std::stop_source leave;
    std::atomic<bool> left = false;
    std::jthread second([&] {
        const auto done = model->generate(ask("waits", 4), {}, leave.get_token());
        ASSERT_TRUE(done.ok());
        EXPECT_EQ(done.value().finish_reason, FinishReason::kCancelled);
        left = true;
    });
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (model->stats().waiting < 1 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
    const auto third = model->generate(ask("refused", 4), {}, {});
    ASSERT_FALSE(third.ok());
    EXPECT_EQ(third.error().code, ErrorCode::kResourceExhausted);
    leave.request_stop();
    while (!left && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(left) << "a queued request must not wait for the running one";
    release = true;
}

TEST_P(EngineTest, NanLogitsFailTheRequestOnly) {
    const auto model = open({.nan_weights = true});
    for (int i = 0; i < 2; ++i) EXPECT_EQ(model->generate(ask("x"), {}, {}).error().code, ErrorCode::kInternal);
}

TEST_P(EngineTest, OpeningRefusesWhatCannotWork) {
    EXPECT_EQ(open_text_model({.model_path = directory_.path("absent.gguf")}, ledger_).error().code,
              ErrorCode::kNotFound);
    const std::string bytes = test::tiny_model();
    const auto refusal = [&](const std::string& path, MemoryLedger& ledger) {
        auto model = open_text_model({.model_path = path, .reference = true}, ledger);
        EXPECT_FALSE(model.ok());
        return model.ok() ? Error(ErrorCode::kInternal, "opened") : model.error();
    };
    MemoryLedger small(100000);
    EXPECT_EQ(refusal(write(bytes), small).code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(small.used_bytes(), 0u);
    const Error truncated = refusal(write(bytes.substr(0, bytes.size() - 100)), ledger_);
    EXPECT_EQ(truncated.code, ErrorCode::kDataLoss);
    EXPECT_NE(truncated.message.find("tiny.gguf"), std::string::npos);
    EXPECT_EQ(refusal(write(test::tiny_model({.architecture = "mamba"})), ledger_).code, ErrorCode::kUnsupported);
}

TEST_P(EngineTest, ASinkThatThrowsEndsItsRequestOnly) {
    const auto model = open();
    const auto done = model->generate(ask("x"), [](std::string_view) -> bool { throw std::runtime_error("gone"); }, {});
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, ErrorCode::kInternal);
    EXPECT_NE(done.error().message.find("gone"), std::string::npos);
    const auto starved = model->generate(ask("x"), [](std::string_view) -> bool { throw std::bad_alloc(); }, {});
    ASSERT_FALSE(starved.ok());
    EXPECT_EQ(starved.error().code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(run(*model, ask("x")).usage.completion_tokens, 16);
}

TEST_P(EngineTest, CancellingStopsWithinOneToken) {
    const auto model = open({.context = 2048});
    std::stop_source stop;
    int tokens_after = 0;
    // Every token of the tiny model is a byte; only whole code points are passed on, a token or more each.
    const TextSink sink = [&](std::string_view) {
        tokens_after += stop.stop_requested() ? 1 : 0;
        stop.request_stop();
        return true;
    };
    const auto stopped = model->generate(ask("x", 1000), sink, stop.get_token());
    ASSERT_TRUE(stopped.ok());
    EXPECT_EQ(stopped->finish_reason, FinishReason::kCancelled);
    EXPECT_LE(tokens_after, 1) << "what was held back may still come";
}

TEST_P(EngineTest, TheFastPathNeedsTheFileNoMoreOnceItIsOpen) {
    const bool reads_on = GetParam() == std::string("reference");
    const auto model = open();
    const std::string before = run(*model, ask("x")).text;
    const auto maps = read_file("/proc/self/maps", 16u << 20);
    ASSERT_TRUE(maps.ok());
    EXPECT_EQ(maps->find("tiny.gguf") != std::string::npos, reads_on) << "the file's pages beside the packed weights";
    if (reads_on) return;
    std::filesystem::resize_file(directory_.path("tiny.gguf"), 100);
    EXPECT_EQ(run(*model, ask("x")).text, before);
}

INSTANTIATE_TEST_SUITE_P(Paths, EngineTest, testing::Values("reference", "fast"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace hearth::llm
