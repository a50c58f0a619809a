// Several requests in one engine: together they answer what each would answer alone.
#include "llm/engine.h"

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "llm/ops.h"
#include "support/temp_dir.h"
#include "support/tiny_model.h"

namespace hearth::llm {
namespace {

using namespace std::chrono_literals;

class ServingTest : public testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (GetParam() != std::string("amx_model")) return;
        if (const auto made = make_cpu_ops(1, "amx-model"); !made.ok()) GTEST_SKIP() << made.error().message;
    }

    std::unique_ptr<TextModel> open(test::TinyModelOptions tiny = {}, EngineOptions options = {}) {
        tiny.quantised = true;
        options.model_path = directory_.path("tiny.gguf");
        std::ofstream(options.model_path, std::ios::binary) << test::tiny_model(tiny);
        options.reference = GetParam() == std::string("reference");
        // Its prompts are computed in another arithmetic than its answers, as in the tiles of AMX.
        if (GetParam() == std::string("amx_model")) options.cpu_isa = "amx-model";
        auto model = open_text_model(options, ledger_);
        EXPECT_TRUE(model.ok()) << model.error().message;
        return std::move(model).value();
    }

    static GenerateRequest ask(const std::string& text, int max_tokens) {
        GenerateRequest request;
        request.messages.push_back({.role = Role::kUser, .content = text});
        request.max_tokens = max_tokens;
        request.sampling.logit_bias[257] = -100;  // the end token is never chosen
        return request;
    }

    static Completion run(TextModel& model, const GenerateRequest& request, const TextSink& sink = {}) {
        auto done = model.generate(request, sink, {});
        EXPECT_TRUE(done.ok()) << done.error().message;
        return done.ok() ? std::move(done).value() : Completion();
    }

    /// Of every token chosen: the least change of any logit shows.
    static std::vector<float> scores(const Completion& completion) {
        std::vector<float> out;
        for (const TokenScore& token : completion.tokens) out.push_back(token.chosen.logprob);
        return out;
    }

    static std::vector<Completion> run_together(TextModel& model, const std::vector<GenerateRequest>& requests) {
        std::vector<Completion> out(requests.size());
        std::vector<std::jthread> callers;
        for (std::size_t i = 0; i < requests.size(); ++i)
            callers.emplace_back([&, i] { out[i] = run(model, requests[i]); });
        callers.clear();
        return out;
    }

    /// Greedy, sampled, penalised and constrained requests of different lengths.
    static std::vector<GenerateRequest> mixed_requests() {
        std::vector<GenerateRequest> requests;
        for (int i = 0; i < 8; ++i) {
            GenerateRequest request = ask(std::string(static_cast<std::size_t>(10 + 37 * i), 'a') + "?", 40 + 3 * i);
            if (i % 3 == 1) {
                request.sampling.temperature = 1.0f;
                request.sampling.top_p = 0.9f;
                request.sampling.seed = 7u + static_cast<unsigned>(i);
            }
            if (i % 3 == 2) request.sampling.frequency_penalty = 0.5f;
            if (i == 5) request.json_schema = "{}";
            requests.push_back(request);
        }
        return requests;
    }

    test::TempDir directory_;
    MemoryLedger ledger_{64u << 20};
};

TEST_P(ServingTest, AnswersDoNotDependOnWhatElseIsRunning) {
    const auto requests = mixed_requests();
    std::vector<std::string> alone;
    {
        const auto model = open({.context = 1024}, {.max_parallel = 1});
        for (const GenerateRequest& request : requests) alone.push_back(run(*model, request).text);
    }
    const auto model = open({.context = 1024});
    for (int round = 0; round < 3; ++round) {
        const auto together = run_together(*model, requests);
        for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(together[i].text, alone[i]) << round << " " << i;
    }
}

TEST_P(ServingTest, ManyShareTheBlocksOfOneContext) {
    // The pool holds one whole context: eight answers of a third of it must take turns.
    const auto requests = mixed_requests();
    std::vector<std::string> alone;
    {
        const auto model = open({.context = 512}, {.max_parallel = 1});
        for (const GenerateRequest& request : requests) alone.push_back(run(*model, request).text);
    }
    const auto model = open({.context = 512}, {.kv_tokens = 512});
    const auto together = run_together(*model, requests);
    for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(together[i].text, alone[i]) << i;
    const EngineStats stats = model->stats();
    EXPECT_EQ(stats.kv_blocks, 32);
}

TEST_P(ServingTest, WhoIsPutBackGoesOnWhereItWas) {
    const auto model = open({.context = 512}, {.kv_tokens = 512});
    std::vector<GenerateRequest> requests;
    std::vector<std::vector<float>> alone;
    for (const char letter : {'a', 'b', 'c'}) {
        requests.push_back(ask(std::string(60, letter), 300));
        requests.back().top_logprobs = 0;
        alone.push_back(scores(run(*model, requests.back())));
        EXPECT_EQ(alone.back().size(), 300u);
    }
    // 3 x 400 tokens do not fit into 512, but each is admitted with its 100.
    const auto together = run_together(*model, requests);
    for (std::size_t i = 0; i < requests.size(); ++i) EXPECT_EQ(scores(together[i]), alone[i]) << i;
    EXPECT_GT(model->stats().preemptions, 0u);
}

TEST_P(ServingTest, WhatAPromptSharesWithAnAnswerIsAsIfItHadBeenComputed) {
    // The prompt's last message is what the model answered before: its blocks may be known as an answer's.
    GenerateRequest first = ask("first", 64);
    first.sampling.logit_bias['a'] = 100;  // text that is read back as the tokens it was
    std::string answer;
    std::vector<float> fresh;
    for (const bool warm : {true, false}) {
        const auto model = open();
        if (warm) answer = run(*model, first).text;
        GenerateRequest next = first;
        next.messages.push_back({.role = Role::kAssistant, .content = answer});
        next.messages.push_back({.role = Role::kUser, .content = "next"});
        next.top_logprobs = 0;
        const std::vector<float> now = scores(run(*model, next));
        if (warm)
            fresh = now;
        else
            EXPECT_EQ(now, fresh);
    }
}

TEST_P(ServingTest, GuessesChangeNothingButTheNumberOfSteps) {
    const auto model = open({.context = 1024});
    std::uint64_t accepted = 0;
    for (const GenerateRequest& base : mixed_requests()) {
        GenerateRequest request = base;
        request.max_tokens = 200;
        request.prompt_lookup = false;
        const Completion plain = run(*model, request);
        EXPECT_EQ(plain.usage.draft_tokens, 0);
        request.prompt_lookup = true;
        const Completion guessed = run(*model, request);
        EXPECT_EQ(guessed.text, plain.text);
        EXPECT_EQ(guessed.usage.completion_tokens, plain.usage.completion_tokens);
        EXPECT_LE(guessed.usage.accepted_draft_tokens, guessed.usage.draft_tokens);
        accepted += static_cast<std::uint64_t>(guessed.usage.accepted_draft_tokens);
    }
    EXPECT_GT(accepted, 50u) << "a small random model repeats itself";
    EXPECT_EQ(model->stats().accepted_draft_tokens, accepted);
}

TEST_P(ServingTest, ScoresOfGuessedTokensAreThoseOfPlainOnes) {
    const auto model = open();
    GenerateRequest request = ask("scores", 100);
    request.top_logprobs = 2;
    const Completion guessed = run(*model, request);
    request.prompt_lookup = false;
    const Completion plain = run(*model, request);
    ASSERT_EQ(guessed.tokens.size(), plain.tokens.size());
    for (std::size_t i = 0; i < plain.tokens.size(); ++i) {
        EXPECT_EQ(guessed.tokens[i].chosen.id, plain.tokens[i].chosen.id);
        EXPECT_EQ(guessed.tokens[i].chosen.logprob, plain.tokens[i].chosen.logprob);
    }
}

TEST_P(ServingTest, EqualPromptsAreComputedOnce) {
    const auto model = open({.context = 1024});
    const std::vector<GenerateRequest> same(4, ask(std::string(400, 's'), 8));
    const int prompt = model->count_prompt_tokens(same[0]).value();
    const auto together = run_together(*model, same);
    for (const Completion& done : together) EXPECT_EQ(done.text, together[0].text);
    EXPECT_LT(model->stats().prompt_tokens, static_cast<std::uint64_t>(prompt + 4 * 16));
}

TEST_P(ServingTest, ASlowReaderHoldsUpOnlyItself) {
    const auto model = open({.context = 2048}, {.reader_timeout = 200ms});
    const std::string expected = run(*model, ask("quick", 50)).text;
    std::atomic<bool> release = false, inside = false;
    Completion slow;
    std::jthread reader([&] {
        slow = run(*model, ask("slow", 1900), [&](std::string_view) {
            inside = true;
            while (!release) std::this_thread::sleep_for(1ms);
            return true;
        });
    });
    while (!inside) std::this_thread::yield();
    EXPECT_EQ(run(*model, ask("quick", 50)).text, expected);
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (model->stats().running > 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(model->stats().running, 0) << "who reads nothing loses the request";
    release = true;
    reader.join();
    EXPECT_EQ(slow.finish_reason, FinishReason::kCancelled);
    EXPECT_LT(slow.usage.completion_tokens, 200);
}

TEST_P(ServingTest, OneThatLeavesDoesNotDisturbTheOthers) {
    const auto model = open({.context = 1024});
    const GenerateRequest stays = ask("stays", 300);
    const std::string expected = run(*model, stays).text;
    for (int i = 0; i < 5; ++i) {
        std::jthread leaver([&, i] {
            int deltas = 0;
            run(*model, ask("leaves" + std::string(static_cast<std::size_t>(100 * i), 'l'), 500),
                [&](std::string_view) { return ++deltas < 2 + i; });
        });
        EXPECT_EQ(run(*model, stays).text, expected);
    }
}

TEST_P(ServingTest, LimitsOfParallelRequestsAreChecked) {
    EngineOptions options;
    options.model_path = directory_.path("tiny.gguf");
    std::ofstream(options.model_path, std::ios::binary) << test::tiny_model();
    for (const int parallel : {0, kMaxParallel + 1}) {
        options.max_parallel = parallel;
        EXPECT_EQ(open_text_model(options, ledger_).error().code, ErrorCode::kInvalidArgument);
    }
}

INSTANTIATE_TEST_SUITE_P(Paths, ServingTest, testing::Values("reference", "fast", "amx_model"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace hearth::llm
