// Adapters in the engine: by name, several at once, each with keys and values of its own.
#include "llm/adapters.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "support/temp_dir.h"
#include "support/tiny_adapter.h"

namespace hearth::llm {
namespace {

class AdaptersTest : public testing::TestWithParam<const char*> {
  protected:
    AdaptersTest() {
        write("red.gguf", test::tiny_adapter({.seed = 1}));
        write("blue.gguf", test::tiny_adapter({.seed = 2, .rank = 7}));
        write("misfit.gguf", test::tiny_adapter({.width = 48}));
        write("notes.txt", "no adapter");
        std::ofstream(model_.path("tiny.gguf"), std::ios::binary) << test::tiny_model({.context = 1024});
    }

    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(adapters_.path(name), std::ios::binary) << bytes;
    }
    std::unique_ptr<TextModel> open() {
        EngineOptions options;
        options.model_path = model_.path("tiny.gguf");
        options.adapters_directory = adapters_.path();
        options.reference = GetParam() == std::string("reference");
        return open_text_model(options, ledger_).value();
    }
    static GenerateRequest ask(const std::string& adapter) {
        GenerateRequest request;
        request.messages.push_back({.role = Role::kUser, .content = std::string(100, 'a') + "?"});
        request.max_tokens = 40;
        request.sampling.logit_bias[257] = -100;
        request.adapter = adapter;
        return request;
    }
    static Completion run(TextModel& model, const std::string& adapter) {
        auto done = model.generate(ask(adapter), {}, {});
        EXPECT_TRUE(done.ok()) << done.error().message;
        return done.ok() ? std::move(*done) : Completion();
    }

    test::TempDir model_, adapters_;
    MemoryLedger ledger_{64u << 20};
};

TEST_P(AdaptersTest, EachHasItsOwnAnswersAndItsOwnBeginnings) {
    std::map<std::string, std::string> alone;
    for (const char* name : {"", "red", "blue"}) alone[name] = run(*open(), name).text;
    EXPECT_NE(alone[""], alone["red"]);
    EXPECT_NE(alone["red"], alone["blue"]);
    const auto model = open();
    for (const char* name : {"", "red", "blue"}) {
        const Completion first = run(*model, name);
        EXPECT_EQ(first.text, alone[name]) << name;
        EXPECT_EQ(first.usage.cached_tokens, 0) << name << ": another adapter's keys and values";
    }
    for (const char* name : {"blue", "", "red"}) {
        const Completion second = run(*model, name);
        EXPECT_EQ(second.text, alone[name]) << name;
        EXPECT_GT(second.usage.cached_tokens, 100) << name;
    }
}

TEST_P(AdaptersTest, AnswersTogetherAreThoseOfEachAlone) {
    const char* const names[] = {"red", "", "blue", "red", "blue", "", "red", "blue"};
    std::map<std::string, std::string> alone;
    for (const char* name : {"", "red", "blue"}) alone[name] = run(*open(), name).text;
    const auto model = open();
    std::string texts[std::size(names)];
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < std::size(names); ++i)
        callers.emplace_back([&, i] { texts[i] = run(*model, names[i]).text; });
    callers.clear();
    for (std::size_t i = 0; i < std::size(names); ++i) EXPECT_EQ(texts[i], alone[names[i]]) << i;
}

TEST_P(AdaptersTest, WhatCannotBeUsedIsRefusedAndTheEngineLives) {
    const auto model = open();
    const auto unknown = model->generate(ask("green"), {}, {});
    EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
    EXPECT_NE(unknown.error().message.find("blue, misfit, red"), std::string::npos) << unknown.error().message;
    EXPECT_EQ(model->generate(ask("../red"), {}, {}).error().code, ErrorCode::kNotFound);
    const std::size_t used = ledger_.used_bytes();
    const auto misfit = model->generate(ask("misfit"), {}, {});
    EXPECT_EQ(misfit.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(misfit.error().message.find("blk.0.attn_q.weight.lora_a"), std::string::npos) << misfit.error().message;
    EXPECT_LE(ledger_.used_bytes(), used + (1 << 20)) << "scratch only";
    run(*model, "red");
}

TEST_P(AdaptersTest, AReplacedFileIsAnotherAdapter) {
    const auto model = open();
    const std::string before = run(*model, "red").text;
    const std::string bytes = test::tiny_adapter({.seed = 9});
    write("red.new", bytes);
    std::filesystem::rename(adapters_.path("red.new"), adapters_.path("red.gguf"));
    // File clocks may be coarse: this is what another moment looks like.
    std::filesystem::last_write_time(adapters_.path("red.gguf"),
                                     std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
    const Completion after = run(*model, "red");
    EXPECT_NE(after.text, before);
    EXPECT_EQ(after.usage.cached_tokens, 0);
}

TEST_P(AdaptersTest, AWrappedModelAnswersWithItsAdapter) {
    const std::shared_ptr<TextModel> model = open();
    const auto red = with_adapter(model, "red");
    EXPECT_EQ(red->info().id, "tiny:red");
    EXPECT_EQ(run(*red, "").text, run(*model, "red").text);
    EXPECT_EQ(list_adapters(adapters_.path()), (std::vector<std::string>{"blue", "misfit", "red"}));
    EXPECT_TRUE(list_adapters(adapters_.path("absent")).empty());
}

INSTANTIATE_TEST_SUITE_P(Paths, AdaptersTest, testing::Values("reference", "fast"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace hearth::llm
