// The default chat model end to end on the fast path: template, tokens, weights, grammar, tool calls.
#include <gtest/gtest.h>

#include "llm/engine.h"
#include "llm/grammar.h"
#include "support/models.h"

namespace hearth::llm {
namespace {

constexpr const char* kModel = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";

class RealModel : public testing::Test {
  protected:
    void SetUp() override {
        const std::string path = test::model_path(kModel);
        if (path.empty()) GTEST_SKIP() << kModel << " is not in " << test::models_directory();
        auto opened = open_text_model({.model_path = path, .context_tokens = 2048}, ledger_);
        ASSERT_TRUE(opened.ok()) << opened.error().message;
        model_ = std::move(opened).value();
    }

    Completion run(const GenerateRequest& request) {
        auto done = model_->generate(request, {}, {});
        EXPECT_TRUE(done.ok()) << done.error().message;
        if (!done.ok()) return {};
        const Usage& usage = done.value().usage;
        RecordProperty("prompt_tokens", usage.prompt_tokens);
        RecordProperty("prefill_ms", static_cast<int>(usage.prefill_seconds * 1000));
        RecordProperty("completion_tokens", usage.completion_tokens);
        RecordProperty("decode_ms", static_cast<int>(usage.decode_seconds * 1000));
        return std::move(done).value();
    }

    static GenerateRequest ask(const std::string& question) {
        GenerateRequest request;
        request.messages.push_back({.role = Role::kUser, .content = question});
        request.max_tokens = 64;
        return request;
    }

    MemoryLedger ledger_{std::size_t{4} << 30};
    std::unique_ptr<TextModel> model_;
};

TEST_F(RealModel, KnowsACapital) {
    const Completion done = run(ask("What is the capital of France? Answer with one word."));
    EXPECT_NE(done.text.find("Paris"), std::string::npos) << done.text;
    EXPECT_EQ(done.finish_reason, FinishReason::kStop);
}

TEST_F(RealModel, CallsTheNamedToolWithItsArguments) {
    GenerateRequest request = ask("What is the weather in Oslo?");
    const std::string schema =
        R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false})";
    request.tools = {{"get_weather", "Current weather of a city.", schema}};
    request.tool_choice = ToolChoice::kNamed;
    request.tool_name = "get_weather";
    const Completion done = run(request);
    ASSERT_EQ(done.tool_calls.size(), 1u) << done.text;
    EXPECT_TRUE(validate_json(done.tool_calls[0].arguments, schema).ok()) << done.tool_calls[0].arguments;
    EXPECT_NE(done.tool_calls[0].arguments.find("Oslo"), std::string::npos) << done.tool_calls[0].arguments;
    EXPECT_TRUE(done.text.empty()) << done.text;
}

TEST_F(RealModel, KeepsToASchema) {
    GenerateRequest request = ask("Name a colour and a number as JSON.");
    request.json_schema = R"({"type":"object","properties":{"colour":{"type":"string","maxLength":20},)"
                          R"("number":{"type":"integer"}},"required":["colour","number"],)"
                          R"("additionalProperties":false})";
    const Completion done = run(request);
    EXPECT_TRUE(validate_json(done.text, *request.json_schema).ok()) << done.text;
}

}  // namespace
}  // namespace hearth::llm
