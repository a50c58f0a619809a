// One request from prompt tokens to completion, on the engine's worker thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "llm/constraint.h"
#include "llm/grammar.h"
#include "llm/model_loader.h"
#include "llm/prefix_cache.h"
#include "llm/sampler.h"
#include "llm/text_stream.h"
#include "llm/types.h"

namespace hearth::llm {

/// Single use: construct, run() once. Borrows everything it is given.
class Generation {
  public:
    /// `prompt` is shorter than the context (see Engine).
    Generation(LoadedModel& model, PrefixCache& cache, const GenerateRequest& request, const Constraint& constraint,
               std::vector<std::int32_t> prompt, const TextSink& sink, std::stop_token cancel);

    /// kInternal when the model yields no finite logit; the engine stays usable.
    Result<Completion> run();

  private:
    /// Why a stretch of decoding ended.
    enum class End { kGrammarComplete, kEndOfGeneration, kStopString, kLength, kCancelled };

    Result<End> answer();
    /// Samples until an end; with a matcher, only what it allows.
    Result<End> decode(GrammarMatcher* matcher);
    /// One token out of logits_, given out and counted. -1 at the end of generation.
    Result<int> next_token(GrammarMatcher* matcher);
    /// One token id out of logits_, scored when that was asked for. -1 when there is none.
    int sample();
    /// Computes tokens after what the sequence holds, chunk by chunk. False when cancelled.
    Result<bool> compute(std::span<const std::int32_t> tokens);

    bool length_reached() const { return completion_.usage.completion_tokens >= max_tokens_; }
    void finish(End end);

    LoadedModel& model_;
    PrefixCache& cache_;
    const GenerateRequest& request_;
    const Constraint& constraint_;
    const std::vector<std::int32_t> prompt_;
    const std::stop_token cancel_;
    TextStream stream_;
    Sampler sampler_;
    KvSequence sequence_;
    std::vector<std::int32_t> stored_;  // the tokens that sequence_ holds
    std::vector<float> logits_;
    std::vector<std::uint8_t> mask_;
    int max_tokens_ = 0;
    Completion completion_;
};

}  // namespace hearth::llm
