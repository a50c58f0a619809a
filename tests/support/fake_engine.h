// An engine whose answers are written down, and an embedder over word bags: what the answering loop is tested with.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "llm/encoder.h"
#include "llm/engine.h"
#include "support/fake_embedder.h"

namespace hearth::test {

/// Gives out its `steps` one by one, a byte at a time; the last one again when they run out.
class StepModel : public llm::TextModel {
  public:
    std::vector<llm::Completion> steps;
    std::vector<llm::GenerateRequest> requests;
    std::function<void()> on_call;  ///< before a step is given out

    void say(std::string text) {
        llm::Completion step;
        step.text = std::move(text);
        steps.push_back(std::move(step));
    }
    void call(std::string name, std::string arguments) {
        llm::Completion step;
        step.tool_calls.push_back({"call_" + std::to_string(steps.size()), std::move(name), std::move(arguments)});
        step.finish_reason = llm::FinishReason::kToolCalls;
        steps.push_back(std::move(step));
    }

    StepModel() { info_.context_tokens = 8192; }

    const llm::ModelInfo& info() const override { return info_; }
    Result<llm::Completion> generate(const llm::GenerateRequest& request, const llm::TextSink& sink,
                                     std::stop_token cancel) override {
        requests.push_back(request);
        if (on_call) on_call();
        llm::Completion step = steps.at(std::min(requests.size(), steps.size()) - 1);
        step.usage.completion_tokens = 1;
        for (const char& c : step.text) {
            if (!cancel.stop_requested() && sink(std::string_view(&c, 1))) continue;
            step.finish_reason = llm::FinishReason::kCancelled;
            return step;
        }
        return step;
    }
    Result<int> count_prompt_tokens(const llm::GenerateRequest& request) override {
        return static_cast<int>(tokenize(request.messages.back().content).size());
    }
    Result<std::string> render_prompt(const llm::GenerateRequest& request) const override {
        return request.messages.back().content;
    }
    std::vector<int> tokenize(std::string_view text, bool = false) const override {
        return std::vector<int>((text.size() + 3) / 4);
    }
    Result<std::string> detokenize(std::span<const int> ids) const override { return std::string(4 * ids.size(), '?'); }

  private:
    llm::ModelInfo info_;
};

/// FakeEmbedder's vectors behind the engine's interface.
class BagEmbedder : public llm::EmbeddingModel {
  public:
    const std::string& id() const override { return id_; }
    int dimensions() const override { return kDimensions; }
    int max_tokens() const override { return 256; }
    const std::string& isa() const override { return id_; }
    Result<std::vector<float>> embed(std::span<const std::string> texts, std::stop_token cancel) override {
        ++calls;
        largest = std::max(largest, texts.size());
        if (cancel.stop_requested()) return Error(ErrorCode::kCancelled, "cancelled");
        std::vector<float> out;
        for (const std::string& text : texts) {
            const std::vector<float> row = bags_.vector_of(text);
            out.insert(out.end(), row.begin(), row.end());
        }
        return out;
    }
    std::vector<llm::TokenSpan> token_spans(std::string_view text) const override {
        return std::vector<llm::TokenSpan>((text.size() + 3) / 4);
    }

    int calls = 0;
    std::size_t largest = 0;

  private:
    static constexpr int kDimensions = 512;  // few collisions among the words of a test
    FakeEmbedder bags_{kDimensions};
    std::string id_ = "bags";
};

}  // namespace hearth::test
